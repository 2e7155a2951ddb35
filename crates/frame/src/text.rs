//! The one place where log text is made safe to show.
//!
//! Log content is an attacker's text. It reaches a terminal only through [`shown`], a CSV cell only
//! through [`csv_cell`]; pages escape in their templates.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Makes text safe for a terminal: control characters, line breaks and characters that change the
/// direction or the look of text are written as `\u{..}`.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Like [`shown`], cut to at most `width` characters with an ellipsis as the last.
pub fn excerpt(text: &str, width: usize) -> String {
    // No more of a huge field is looked at than can be seen.
    let head: String = text.chars().take(width + 1).collect();
    let safe = shown(&head);
    if safe.chars().count() <= width {
        return safe.into_owned();
    }
    let mut cut: String = safe.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Makes JSON text safe for a terminal: unsafe characters inside its strings become `\uXXXX`, line
/// breaks between values stay.
pub fn json_shown(json: &str) -> Cow<'_, str> {
    let acts = |c: char| is_unsafe(c) && c != '\n';
    if !json.chars().any(acts) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    let mut units = [0u16; 2];
    for c in json.chars() {
        if acts(c) {
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Says whether a character could act on a terminal or mislead the eye.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            u32::from(c),
            0x00AD // soft hyphen
            | 0x061C | 0x180E
            | 0x200B..=0x200F // zero width, direction marks
            | 0x2028..=0x202E // separators, embeddings, overrides
            | 0x2060..=0x206F // joiners, isolates
            | 0xFE00..=0xFE0F // variation selectors
            | 0xFEFF
            | 0xFFF9..=0xFFFB
            | 0xE0000..=0xE0FFF // tags
        )
}

/// Makes text safe for a CSV cell: characters that act on a terminal, line breaks among them, are written
/// as [`shown`] does, and a cell that a spreadsheet would run as a formula gets a leading apostrophe.
///
/// Formula starters are `= + - @`, tab and carriage return, and the full-width forms of the first
/// four. A plain number keeps its sign.
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    let starts = |c: char| {
        matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
    };
    if text.starts_with(starts) && text.parse::<f64>().is_err() {
        Cow::Owned(format!("'{}", shown(text)))
    } else {
        shown(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_passes() {
        assert_eq!(shown("plain ünï"), "plain ünï");
        assert_eq!(shown("a\u{1b}[31mb\r\n"), "a\\u{1b}[31mb\\u{d}\\u{a}");
        assert_eq!(shown("x\u{202e}y\u{9b}z"), "x\\u{202e}y\\u{9b}z");
    }

    #[test]
    fn json_stays_json() {
        assert_eq!(json_shown("{\n\"a\": \"x\u{202e}\"}"), "{\n\"a\": \"x\\u202e\"}");
        assert_eq!(json_shown("\"\u{e0001}\""), "\"\\udb40\\udc01\"");
    }

    #[test]
    fn excerpts_are_cut_after_escaping() {
        assert_eq!(excerpt("abcdef", 4), "abc…");
        assert_eq!(excerpt("abcd", 4), "abcd");
        assert_eq!(excerpt(&"\u{1b}".repeat(1 << 20), 5), "\\u{1…");
    }

    #[test]
    fn formulas_are_neutralised_and_numbers_are_not() {
        assert_eq!(csv_cell("=1+1"), "'=1+1");
        assert_eq!(csv_cell("＝cmd"), "'＝cmd");
        assert_eq!(csv_cell("-2.5"), "-2.5");
        assert_eq!(csv_cell("-2+cmd"), "'-2+cmd");
        assert_eq!(csv_cell("@x"), "'@x");
        assert_eq!(csv_cell("a\u{1b}]0;x\u{7}"), "a\\u{1b}]0;x\\u{7}");
    }
}
