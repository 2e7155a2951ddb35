//! The one script of the page, and the hash by which the page allows it and no other.

use sha2::{Digest, Sha256};

/// Sifts and sorts what is on the page; fetches and keeps nothing.
pub(super) const SCRIPT: &str = include_str!("../../templates/sift.js");

/// What the page's policy says of the script: `sha256-` and its hash in base64.
pub(super) fn allowed() -> String {
    format!("sha256-{}", base64(&Sha256::digest(SCRIPT)))
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= chunk.len() { digit.into() } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert!(allowed().starts_with("sha256-") && allowed().len() == 51);
        assert!(!SCRIPT.contains("</script"));
    }
}
