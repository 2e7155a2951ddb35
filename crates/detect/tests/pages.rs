//! The pages in docs/detectors say what the cards say.

use lanner_detect::{ALL, page};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

const MEND: &str =
    "write them anew with LANNER_WRITE_PAGES=1 cargo test -p lanner-detect --test pages";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/detectors")
}

/// Every page by file name, the index among them.
fn pages() -> Vec<(String, String)> {
    let mut index = "# Detectors\n\nMade from the texts of `lanner models`; edit the cards in \
                     `crates/detect/src/detectors`.\n\n| | | of | in a hunt | scores |\n|---|---|---|---|---|\n"
        .to_owned();
    let mut all = Vec::new();
    for entry in ALL {
        let card = entry.card();
        let file = format!("{}.md", card.id.to_lowercase());
        let hunt = if card.default { "default" } else { "on request" };
        let seed = match card.randomness {
            lanner_detect::Randomness::None => "always the same",
            lanner_detect::Randomness::Seeded => "by seed",
        };
        let kind = match card.kind {
            lanner_detect::Kind::Numeric => "numbers",
            lanner_detect::Kind::Categorical => "categories",
        };
        writeln!(index, "| [{}]({file}) | {} | {kind} | {hunt} | {seed} |", card.id, card.title)
            .expect("a string takes all");
        all.push((file, page(card)));
    }
    all.push(("README.md".to_owned(), index));
    all
}

#[test]
fn the_pages_are_those_of_the_cards() {
    let folder = folder();
    if std::env::var_os("LANNER_WRITE_PAGES").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in pages() {
            std::fs::write(folder.join(file), text).unwrap();
        }
    }
    for (file, text) in pages() {
        let written = std::fs::read_to_string(folder.join(&file)).unwrap_or_default();
        assert!(written == text, "docs/detectors/{file} differs from its card: {MEND}");
    }
    let wanted: BTreeSet<String> = pages().into_iter().map(|p| p.0).collect();
    let there = std::fs::read_dir(&folder).unwrap();
    let there: BTreeSet<String> =
        there.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, wanted, "{MEND}");
}

/// What a user reads must be there and be more than a word.
#[test]
fn no_card_is_thin() {
    for entry in ALL {
        let card = entry.card();
        for text in [card.idea, card.formula, card.cost, card.blind_to, card.source] {
            assert!(text.len() >= 20, "{}: {text:?} says too little", card.id);
        }
        let sentences = card.idea.matches(['.', '?', '!', ';']).count();
        assert!((1..=4).contains(&sentences), "{}: the idea in two sentences", card.id);
        for param in card.params {
            assert!(!param.allowed.is_empty() && !param.what.is_empty(), "{}", param.name);
        }
    }
}
