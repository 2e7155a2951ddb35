//! Values of binary XML as the text that Windows writes for them.

use jiff::Timestamp;
use std::fmt::Write as _;

pub(super) const NULL: u8 = 0x00;
pub(super) const FILE_TIME: u8 = 0x11;
pub(super) const XML: u8 = 0x21;

/// 100 nanoseconds from 1601 to 1970.
const EPOCH: i128 = 116_444_736_000_000_000;

/// The text of a value; none for a type or a size that is unusual.
pub(super) fn text(kind: u8, bytes: &[u8]) -> Option<String> {
    Some(match kind {
        0x01 => utf16(bytes)?,
        0x02 => ansi(bytes)?,
        0x03 => i8::from_le_bytes(bytes.try_into().ok()?).to_string(),
        0x05 => i16::from_le_bytes(bytes.try_into().ok()?).to_string(),
        0x07 => i32::from_le_bytes(bytes.try_into().ok()?).to_string(),
        0x09 => i64::from_le_bytes(bytes.try_into().ok()?).to_string(),
        0x04 | 0x06 | 0x08 | 0x0a => number(kind, bytes)?.to_string(),
        0x0d => match i32::from_le_bytes(bytes.try_into().ok()?) {
            0 => "false".to_owned(),
            1 => "true".to_owned(),
            other => other.to_string(),
        },
        0x0e => hexadecimal(bytes, b"0123456789ABCDEF"),
        0x0f => guid(bytes.try_into().ok()?),
        0x10 if bytes.len() == 4 => text(0x14, bytes)?,
        0x10 => text(0x15, bytes)?,
        FILE_TIME => format!("{:.7}", file_time(bytes)?),
        0x13 => sid(bytes)?,
        0x14 => format!("0x{:x}", u32::from_le_bytes(bytes.try_into().ok()?)),
        0x15 => format!("0x{:x}", u64::from_le_bytes(bytes.try_into().ok()?)),
        _ => return None,
    })
}

/// A value of a type without sign.
pub(super) fn number(kind: u8, bytes: &[u8]) -> Option<u64> {
    Some(match kind {
        0x04 => u64::from(u8::from_le_bytes(bytes.try_into().ok()?)),
        0x06 => u64::from(u16::from_le_bytes(bytes.try_into().ok()?)),
        0x08 => u64::from(u32::from_le_bytes(bytes.try_into().ok()?)),
        0x0a => u64::from_le_bytes(bytes.try_into().ok()?),
        _ => return None,
    })
}

/// 100 nanoseconds since 1601 as a time.
pub(super) fn file_time(bytes: &[u8]) -> Option<Timestamp> {
    let ticks = i128::from(u64::from_le_bytes(bytes.try_into().ok()?)) - EPOCH;
    Timestamp::from_nanosecond(ticks * 100).ok()
}

/// UTF-16 up to the first zero; none if it is not valid.
pub(super) fn utf16(bytes: &[u8]) -> Option<String> {
    let (units, []) = bytes.as_chunks::<2>() else { return None };
    // Nearly all text is ASCII, which needs no decoding.
    if units.iter().all(|&[low, high]| high == 0 && low.is_ascii() && low != 0) {
        let ascii: Vec<u8> = units.iter().map(|&[low, _]| low).collect();
        return String::from_utf8(ascii).ok();
    }
    let units = units.iter().map(|&unit| u16::from_le_bytes(unit)).take_while(|&unit| unit != 0);
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

/// Text of one byte a character, if it is ASCII.
fn ansi(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
    let text = &bytes[..end];
    let plain = text.is_ascii() && !text.contains(&0);
    plain.then(|| String::from_utf8_lossy(text).into_owned())
}

fn hexadecimal(bytes: &[u8], digits: &[u8; 16]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(digits[usize::from(byte >> 4)]));
        text.push(char::from(digits[usize::from(byte & 15)]));
    }
    text
}

fn guid(bytes: [u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let digits = hexadecimal(&[d, c, b, a, f, e, h, g], b"0123456789abcdef");
    let rest = hexadecimal(&rest, b"0123456789abcdef");
    let ((a, b, c), (d, e)) = ((&digits[..8], &digits[8..12], &digits[12..]), rest.split_at(4));
    ["{", a, "-", b, "-", c, "-", d, "-", e, "}"].concat()
}

fn sid(bytes: &[u8]) -> Option<String> {
    let [revision, count, a, b, c, d, e, f, subs @ ..] = bytes else { return None };
    if subs.len() != usize::from(*count) * 4 {
        return None;
    }
    let authority = u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]);
    let mut text = String::with_capacity(48);
    write!(text, "S-{revision}-{authority}").ok()?;
    for sub in subs.as_chunks::<4>().0 {
        write!(text, "-{}", u32::from_le_bytes(*sub)).ok()?;
    }
    Some(text)
}
