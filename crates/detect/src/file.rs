//! Model files: versioned, checksummed, and no code in them.
//!
//! Layout: the eight bytes `LANNERMD`, the layout version (u32, little endian), the SHA-256 of what
//! follows, the length of the detector's id (u8), the id, then the model in postcard's format.

use crate::entry::Saved;
use crate::{ModelError, find};
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"LANNERMD";
const LAYOUT: u32 = 1;
const HEAD: usize = 8 + 4 + 32;

/// Writes a fitted model of the detector `id` as the bytes of a model file.
pub fn save(id: &str, model: &dyn Saved) -> Vec<u8> {
    let mut content = vec![id.len() as u8];
    content.extend_from_slice(id.as_bytes());
    content.extend(model.encode());
    let mut out = Vec::with_capacity(HEAD + content.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&LAYOUT.to_le_bytes());
    out.extend_from_slice(&Sha256::digest(&content));
    out.extend(content);
    out
}

/// Reads a model file, whoever wrote it.
///
/// # Errors
/// [`ModelError`] if it is foreign, of another layout, damaged, or not whole.
pub fn load(bytes: &[u8]) -> Result<(&'static str, Box<dyn Saved>), ModelError> {
    let (head, content) = bytes.split_at_checked(HEAD).ok_or(ModelError::Foreign)?;
    if &head[..8] != MAGIC {
        return Err(ModelError::Foreign);
    }
    let found = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
    if found != LAYOUT {
        return Err(ModelError::Version { found, wanted: LAYOUT });
    }
    if Sha256::digest(content).as_slice() != &head[12..] {
        return Err(ModelError::Checksum);
    }
    let (&length, rest) = content.split_first().ok_or(ModelError::Detector)?;
    let (id, model) = rest.split_at_checked(usize::from(length)).ok_or(ModelError::Detector)?;
    let id = std::str::from_utf8(id).map_err(|_| ModelError::Detector)?;
    let entry = find(id).ok_or(ModelError::Detector)?;
    Ok((entry.card().id, entry.decode(model)?))
}
