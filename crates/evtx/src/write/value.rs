//! Values of substitutions: what Windows writes as a number, time, GUID or SID is written so, where the
//! text of it would be read back the same; else as text.

use jiff::Timestamp;

/// 100 nanoseconds from 1601 to 1970.
const EPOCH: i128 = 116_444_736_000_000_000;

/// A value with its type in binary XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// The type that the template declares.
    pub(super) declared: u8,
    /// The type of these bytes.
    pub(super) actual: u8,
    pub(super) bytes: Vec<u8>,
}

const NULL: u8 = 0x00;
const TEXT: u8 = 0x01;
const GUID: u8 = 0x0f;
const FILE_TIME: u8 = 0x11;
const SID: u8 = 0x13;
const HEX64: u8 = 0x15;

impl Value {
    fn new(declared: u8, text: Option<&str>, typed: impl FnOnce(&str) -> Option<Vec<u8>>) -> Self {
        let Some(text) = text else { return Self { declared, actual: NULL, bytes: Vec::new() } };
        match typed(text) {
            Some(bytes) => Self { declared, actual: declared, bytes },
            None => Self { declared, actual: TEXT, bytes: utf16(text) },
        }
    }

    pub(super) fn text(text: &str) -> Self {
        Self::optional(Some(text))
    }

    pub(super) fn optional(text: Option<&str>) -> Self {
        Self::new(TEXT, text, |_| None)
    }

    /// A whole number of 1, 2, 4 or 8 bytes.
    pub(super) fn number(text: Option<&str>, bytes: usize) -> Self {
        let declared = match bytes {
            1 => 0x04,
            2 => 0x06,
            4 => 0x08,
            _ => 0x0a,
        };
        Self::new(declared, text, |text| {
            let number: u64 = text.parse().ok().filter(|n: &u64| n.to_string() == text)?;
            let all = number.to_le_bytes();
            all[bytes..].iter().all(|&b| b == 0).then(|| all[..bytes].to_vec())
        })
    }

    pub(super) fn hexadecimal(text: Option<&str>) -> Self {
        Self::new(HEX64, text, |text| {
            let number = u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()?;
            (format!("0x{number:x}") == text).then(|| number.to_le_bytes().to_vec())
        })
    }

    pub(super) fn time(time: Option<Timestamp>) -> Self {
        match file_time(time) {
            Some(time) => {
                let bytes = time.to_le_bytes().to_vec();
                Self { declared: FILE_TIME, actual: FILE_TIME, bytes }
            }
            None => Self { declared: FILE_TIME, actual: NULL, bytes: Vec::new() },
        }
    }

    pub(super) fn guid(text: Option<&str>) -> Self {
        Self::new(GUID, text, guid)
    }

    pub(super) fn sid(text: Option<&str>) -> Self {
        Self::new(SID, text, sid)
    }
}

/// 100 nanoseconds since 1601; none for times before.
pub(super) fn file_time(time: Option<Timestamp>) -> Option<u64> {
    u64::try_from(time?.as_nanosecond().div_euclid(100) + EPOCH).ok()
}

pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// `{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}` in lower case.
fn guid(text: &str) -> Option<Vec<u8>> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let parts: Vec<&str> = inner.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    let digits = inner.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-'));
    if lengths != [8, 4, 4, 4, 12] || !digits {
        return None;
    }
    let number = u128::from_str_radix(&parts.concat(), 16).ok()?;
    let mut bytes = number.to_be_bytes().to_vec();
    // The first three parts are little-endian numbers.
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    Some(bytes)
}

/// `S-1-AUTHORITY-SUB-SUB-...`.
fn sid(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.strip_prefix("S-1-")?.split('-');
    let authority: u64 = parts.next()?.parse().ok().filter(|&a| a < 1 << 32)?;
    let subs: Vec<u32> = parts.map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let again = subs.iter().fold(format!("S-1-{authority}"), |text, sub| format!("{text}-{sub}"));
    if again != text || subs.is_empty() || subs.len() > 15 {
        return None;
    }
    let mut bytes = vec![1, subs.len() as u8];
    bytes.extend(&authority.to_be_bytes()[2..]);
    for sub in &subs {
        bytes.extend(sub.to_le_bytes());
    }
    Some(bytes)
}
