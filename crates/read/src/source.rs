//! The bytes of a file: hashed as stored, then decompressed, bounded and decoded to UTF-8.

use crate::error::StreamDamage;
use crate::{Limits, Options};
use encoding_rs::{Decoder, UTF_16BE, UTF_16LE};
use flate2::bufread::GzDecoder;
use lanner_frame::Cancel;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes taken from a file at once.
const BLOCK: usize = 256 << 10;

/// Bytes decompressed at once: what comes out right before a damage is lost with it.
const STEP: usize = 8 << 10;

/// How a file is compressed, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, of one or more members.
    Gzip,
    /// Zstandard, of one or more frames.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// The file below all layers: it counts and hashes what is taken from it.
struct Tap {
    file: File,
    hash: Sha256,
    bytes: u64,
}

/// Two hands on one file: the layers above read through the first, the second asks for the hash.
#[derive(Clone)]
struct Shared(Arc<Mutex<Tap>>);

impl Shared {
    fn taken(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }
}

impl Read for Shared {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut tap = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n = tap.file.read(into)?;
        tap.hash.update(&into[..n]);
        tap.bytes += n as u64;
        Ok(n)
    }
}

/// A file as decoded text (or as decompressed bytes, where they are no text).
pub(crate) struct Source {
    reader: Box<dyn Read + Send>,
    tap: Shared,
    compression: Compression,
}

impl Source {
    /// Opens a file read-only and looks at its first bytes.
    pub(crate) fn open(path: &Path, options: &Options) -> io::Result<Self> {
        let tap = Shared(Arc::new(Mutex::new(Tap {
            file: File::open(path)?,
            hash: Sha256::new(),
            bytes: 0,
        })));
        let mut raw = BufReader::with_capacity(BLOCK, tap.clone());
        let compression = match raw.fill_buf()? {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            _ => Compression::None,
        };
        let inner: Box<dyn Read + Send> = match compression {
            Compression::None => Box::new(raw),
            Compression::Gzip => Box::new(Members::new(raw)),
            Compression::Zstd => Box::new(Frames(zstd::stream::read::Decoder::with_buffer(raw)?)),
        };
        let guard = Guard {
            inner,
            tap: tap.clone(),
            out: 0,
            limits: options.limits.clone(),
            cancel: options.interrupted.clone(),
        };
        Ok(Self { reader: Box::new(Text::new(guard)), tap, compression })
    }

    /// How the file is compressed.
    pub(crate) fn compression(&self) -> Compression {
        self.compression
    }

    /// Reads up to `size` bytes of the beginning; less at the end of the file or of what is sound.
    pub(crate) fn head(mut self, size: usize) -> (Vec<u8>, bool) {
        let mut head = Vec::new();
        let whole = self.reader.by_ref().take(size as u64).read_to_end(&mut head).is_ok();
        let ended = whole && head.len() < size;
        (head, ended)
    }

    /// A second hand on the file, to ask for its hash once the reading is over.
    pub(crate) fn seal(&self) -> Seal {
        Seal(self.tap.clone())
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.reader.read(into)
    }
}

/// What is known of a file once it was read.
pub(crate) struct Seal(Shared);

impl Seal {
    /// Reads what is left of the stored bytes; gives their SHA-256 and their number.
    pub(crate) fn close(mut self, cancel: &Cancel) -> io::Result<(String, u64)> {
        let mut block = vec![0; BLOCK];
        loop {
            cancel.check().map_err(|_| StreamDamage::Cancelled)?;
            match self.0.read(&mut block) {
                Ok(0) => break,
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        let mut tap = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((hex(&tap.hash.finalize_reset()), tap.bytes))
    }
}

/// Bytes as lower-case hexadecimal text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Gzip members one after another; zeros may follow the last.
struct Members<R> {
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    fn new(raw: R) -> Self {
        Self { member: Some(GzDecoder::new(raw)) }
    }

    /// Goes on to the next member, where there is one.
    fn advance(&mut self) -> io::Result<bool> {
        let Some(mut raw) = self.member.take().map(GzDecoder::into_inner) else {
            return Ok(false);
        };
        loop {
            let next = raw.fill_buf()?;
            let zeros = next.iter().take_while(|&&b| b == 0).count();
            match next {
                [] => return Ok(false),
                [0x1f, ..] => {
                    self.member = Some(GzDecoder::new(raw));
                    return Ok(true);
                }
                _ if zeros > 0 => raw.consume(zeros),
                _ => return Err(StreamDamage::GzipTail.into()),
            }
        }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(member) = &mut self.member else { return Ok(0) };
            let step = into.len().min(STEP);
            let n = member.read(&mut into[..step]).map_err(name_damage)?;
            if n > 0 || into.is_empty() || !self.advance()? {
                return Ok(n);
            }
        }
    }
}

/// Zstandard frames, with errors that say so.
struct Frames<R: BufRead>(zstd::stream::read::Decoder<'static, R>);

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).map_err(name_damage)
    }
}

fn name_damage(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => StreamDamage::EndsEarly.into(),
        io::ErrorKind::Interrupted => error,
        _ => StreamDamage::Compressed(error).into(),
    }
}

/// Stops at an interrupt and at a decompression bomb.
struct Guard {
    inner: Box<dyn Read + Send>,
    tap: Shared,
    out: u64,
    limits: Limits,
    cancel: Cancel,
}

impl Read for Guard {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.cancel.check().map_err(|_| StreamDamage::Cancelled)?;
        let n = self.inner.read(into)?;
        self.out += n as u64;
        let Limits { ratio, ratio_from, .. } = self.limits;
        if self.out > ratio_from && self.out > self.tap.taken().saturating_mul(ratio) {
            return Err(StreamDamage::Ratio { ratio }.into());
        }
        Ok(n)
    }
}

/// Takes away a byte-order mark and turns UTF-16 into UTF-8; other bytes pass as they are.
struct Text<R> {
    inner: R,
    state: Encoding,
    /// Decoded bytes not yet handed on: those from `at`.
    ahead: Vec<u8>,
    at: usize,
}

enum Encoding {
    Unknown,
    Bytes,
    Utf16(Box<Decoder>),
    Ended,
}

impl<R: Read> Text<R> {
    fn new(inner: R) -> Self {
        Self { inner, state: Encoding::Unknown, ahead: Vec::new(), at: 0 }
    }

    /// Reads the first four bytes and decides how the others are to be taken.
    fn decide(&mut self) -> io::Result<()> {
        let mut first = [0; 4];
        let mut have = 0;
        while have < 4 {
            match read_on(&mut self.inner, &mut first[have..])? {
                0 => break,
                n => have += n,
            }
        }
        let utf16 = match first[..have] {
            [0xff, 0xfe, second, third] if (second, third) != (0, 0) => Some(UTF_16LE),
            [0xfe, 0xff, ..] => Some(UTF_16BE),
            // Without a mark: two characters of the Latin alphabet.
            [a, 0, b, 0] if a > 0 && b > 0 => Some(UTF_16LE),
            [0, a, 0, b] if a > 0 && b > 0 => Some(UTF_16BE),
            _ => None,
        };
        if let Some(encoding) = utf16 {
            self.state = Encoding::Utf16(Box::new(encoding.new_decoder_with_bom_removal()));
            self.decode(&first[..have], false);
        } else {
            let mark = if first[..have].starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 };
            self.state = Encoding::Bytes;
            self.ahead.extend_from_slice(&first[mark..have]);
        }
        Ok(())
    }

    /// Decodes a block of UTF-16 into `ahead`, which is empty.
    fn decode(&mut self, block: &[u8], last: bool) {
        let Encoding::Utf16(decoder) = &mut self.state else { return };
        let room = decoder.max_utf8_buffer_length(block.len()).unwrap_or(block.len() * 3 + 16);
        self.ahead.resize(room, 0);
        let (_, _, written, _) = decoder.decode_to_utf8(block, &mut self.ahead, last);
        self.ahead.truncate(written);
        self.at = 0;
        if last {
            self.state = Encoding::Ended;
        }
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if matches!(self.state, Encoding::Unknown) {
            self.decide()?;
        }
        while self.at == self.ahead.len() && !into.is_empty() {
            match self.state {
                Encoding::Bytes => return read_on(&mut self.inner, into),
                Encoding::Ended => return Ok(0),
                Encoding::Unknown | Encoding::Utf16(_) => {
                    let mut block = vec![0; BLOCK / 4];
                    let n = read_on(&mut self.inner, &mut block)?;
                    self.decode(&block[..n], n == 0);
                }
            }
        }
        let n = into.len().min(self.ahead.len() - self.at);
        into[..n].copy_from_slice(&self.ahead[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Reads once, trying again where a signal came between.
fn read_on(reader: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(into) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
