//! A detector's documentation page, from its card.

use crate::Card;
use std::fmt::Write as _;

/// Gives the page of one detector in Markdown: idea, score, parameters, cost, blind spots, source.
///
/// The same text is what `lanner models NAME` prints; there is no other.
pub fn page(card: &Card) -> String {
    let mut out = format!("# {}: {}\n\n{}\n", card.id, escaped(card.title), escaped(card.idea));
    let mut section = |head: &str, body: &str| {
        write!(out, "\n## {head}\n\n{body}\n").expect("a string takes all");
    };
    section("Score", &format!("```text\n{}\n```", card.formula));
    section("Parameters", &parameters(card));
    section("Cost", &escaped(card.cost));
    section("Blind to", &escaped(card.blind_to));
    section("Source", &escaped(card.source));
    if !card.departs.is_empty() {
        section("Departs from the reference", &escaped(card.departs));
    }
    let role = if card.default {
        "It takes part in a hunt unless told otherwise."
    } else {
        "It takes part in a hunt when `--models` names it."
    };
    let (kind, seed) = (escaped(card.kind.text()), escaped(card.randomness.text()));
    section("In a hunt", &format!("{role} {kind} {seed}"));
    out
}

fn parameters(card: &Card) -> String {
    if card.params.is_empty() {
        return "None.".to_owned();
    }
    let mut table = "| name | default | allowed | meaning |\n|---|---|---|---|".to_owned();
    for p in card.params {
        let (allowed, what) = (escaped(p.allowed), escaped(p.what));
        write!(table, "\n| `{}` | `{}` | {allowed} | {what} |", p.name, p.default)
            .expect("a string takes all");
    }
    table
}

/// Text in which no character means markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '<' | '>' | '|' | '[' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_a_text_is_markup() {
        assert_eq!(escaped("a|b < c_1*[2]"), "a\\|b \\< c\\_1\\*\\[2\\]");
    }
}
