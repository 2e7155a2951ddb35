//! Finds the end of a JSON object or list without parsing it.
//!
//! Sixty-four bytes at a time become bit masks of quotes, backslashes, brackets and line breaks; a
//! prefix XOR of the quotes says what lies inside text (the first stage of Langdale and Lemire,
//! "Parsing gigabytes of JSON per second", VLDB Journal 2019, here in plain words of 64 bits).

/// A scan that may be continued when more bytes are there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scan {
    /// Bytes looked at.
    at: usize,
    depth: usize,
    deepest: usize,
    in_text: bool,
    escaped: bool,
}

/// How far a scan came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// The end of the value: the number of its bytes.
    End(usize),
    /// A line break inside quoted text, at this byte; JSON allows none.
    BrokenText(usize),
    /// The end of the bytes, before the end of the value.
    More,
}

impl Scan {
    /// Goes on over `bytes`, which start with the value's own bracket and may have grown.
    pub(crate) fn run(&mut self, bytes: &[u8]) -> Reached {
        while self.at < bytes.len() {
            let rest = &bytes[self.at..];
            let (count, masks) = if let Some(block) = rest.first_chunk::<64>() {
                (64, Masks::of(block))
            } else {
                let mut block = [b' '; 64];
                block[..rest.len()].copy_from_slice(rest);
                (rest.len(), Masks::of(&block))
            };
            if let Some(reached) = self.block(&masks, count) {
                return reached;
            }
            self.at += count;
        }
        Reached::More
    }

    /// The deepest level met, the value's own bracket being the first.
    pub(crate) fn deepest(&self) -> usize {
        self.deepest
    }

    /// Takes in `count` bytes as masks.
    fn block(&mut self, masks: &Masks, count: usize) -> Option<Reached> {
        let quotes = masks.quotes & !self.escapes(masks.backslashes, count);
        let carried = if self.in_text { u64::MAX } else { 0 };
        let text = prefix_xor(quotes) ^ carried;
        let broken = masks.breaks & text;
        let first_broken = broken.trailing_zeros();
        let mut brackets = (masks.opens | masks.closes) & !text;
        while brackets != 0 {
            let bit = brackets.trailing_zeros();
            if bit > first_broken {
                break;
            }
            if masks.opens >> bit & 1 == 1 {
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
            } else {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Some(Reached::End(self.at + bit as usize + 1));
                }
            }
            brackets &= brackets - 1;
        }
        if broken != 0 {
            return Some(Reached::BrokenText(self.at + first_broken as usize));
        }
        self.in_text = text >> (count - 1) & 1 == 1;
        None
    }

    /// Marks the bytes that a backslash takes the meaning of.
    fn escapes(&mut self, mut backslashes: u64, count: usize) -> u64 {
        let mut escaped = u64::from(std::mem::take(&mut self.escaped));
        backslashes &= !escaped;
        while backslashes != 0 {
            let bit = backslashes.trailing_zeros() as usize;
            if bit + 1 == count {
                self.escaped = true;
                break;
            }
            escaped |= 2 << bit;
            backslashes &= !(3 << bit);
        }
        escaped
    }
}

/// One bit for each byte of a block, the first byte in the lowest bit.
struct Masks {
    quotes: u64,
    backslashes: u64,
    opens: u64,
    closes: u64,
    breaks: u64,
}

impl Masks {
    fn of(block: &[u8; 64]) -> Self {
        let mut masks = Self { quotes: 0, backslashes: 0, opens: 0, closes: 0, breaks: 0 };
        for (i, word) in block.chunks_exact(8).enumerate() {
            let word = u64::from_le_bytes(word.try_into().expect("a chunk of eight is eight long"));
            // `[` and `{`, `]` and `}` differ in one bit only.
            let folded = word | repeat(0x20);
            masks.quotes |= equal(word, b'"') << (8 * i);
            masks.backslashes |= equal(word, b'\\') << (8 * i);
            masks.opens |= equal(folded, b'{') << (8 * i);
            masks.closes |= equal(folded, b'}') << (8 * i);
            masks.breaks |= equal(word, b'\n') << (8 * i);
        }
        masks
    }
}

const fn repeat(byte: u8) -> u64 {
    0x0101_0101_0101_0101 * byte as u64
}

/// Eight bits that say which of the eight bytes of `word` are `byte`.
fn equal(word: u64, byte: u8) -> u64 {
    let differs = word ^ repeat(byte);
    // The top bit of each byte: clear only where all bits of the byte are.
    let nonzero = ((differs & repeat(0x7f)) + repeat(0x7f)) | differs;
    let hits = !nonzero >> 7 & repeat(0x01);
    // The product brings the lowest bit of byte i to bit 56 + i.
    hits.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Bit i of the result: whether an odd number of bits up to and with i is set.
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

/// The number of bytes of the quoted text at the start of `bytes`, with its quotes.
pub(crate) fn text_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> Reached {
        Scan::default().run(text.as_bytes())
    }

    #[test]
    fn finds_the_end_past_text_and_escapes() {
        assert_eq!(end(r#"{"a":[1,{"b":"}]\"{"}]} {"#), Reached::End(23));
        assert_eq!(end(r#"{"a":"\\"}x"#), Reached::End(10));
        assert_eq!(end(r#"{"a":"\\\"}"#), Reached::More);
        assert_eq!(end("{\"a\":\"x\ny\"}"), Reached::BrokenText(7));
        assert_eq!(end("{\"a\":\n1}\n"), Reached::End(8));
    }

    #[test]
    fn a_scan_in_pieces_ends_where_a_whole_one_does() {
        let long = format!(r#"{{"k":"{}","l":[[{{}}]],"m":"\\"}}"#, r#"ab\"}\\"#.repeat(40));
        assert_eq!(end(&long), Reached::End(long.len()));
        for step in 1..70 {
            let mut scan = Scan::default();
            let mut to = 0;
            let reached = loop {
                to = (to + step).min(long.len());
                match scan.run(&long.as_bytes()[..to]) {
                    Reached::More => assert!(to < long.len(), "step {step}"),
                    reached => break reached,
                }
            };
            assert_eq!((reached, scan.deepest()), (Reached::End(long.len()), 4));
        }
    }

    #[test]
    fn quoted_text_ends_at_its_own_quote() {
        assert_eq!(text_end(br#""a\"b\\"x"#), Some(8));
        assert_eq!(text_end(br#""a\"#), None);
        assert_eq!(text_end(br#""a"#), None);
    }
}
