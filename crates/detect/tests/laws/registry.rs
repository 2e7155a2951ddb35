//! Laws of the list itself.

use super::{default_of, for_each_detector};
use lanner_detect::{ALL, Entry, Shape, find};
use std::collections::BTreeSet;

/// One file a detector and one entry a file; names of files are the ids in small letters.
#[test]
fn folder_and_registry_hold_the_same() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/detectors");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace('_', ""))
        .collect();
    let ids: BTreeSet<String> =
        ALL.iter().map(|e| format!("{}.rs", e.card().id.to_lowercase())).collect();
    assert_eq!(ids.len(), ALL.len(), "ids are unique, letter case aside");
    assert_eq!(files, ids);
}

#[test]
fn every_detector_is_found_by_its_id_and_says_what_it_is() {
    for_each_detector(|entry| {
        let card = entry.card();
        assert_eq!(find(&card.id.to_lowercase()).unwrap().card().id, card.id);
        let texts = [card.title, card.idea, card.formula, card.cost, card.blind_to, card.source];
        assert!(texts.iter().all(|t| !t.trim().is_empty()), "a text of the card is empty");
        for param in card.params {
            let texts = [param.name, param.default, param.allowed, param.what];
            assert!(texts.iter().all(|t| !t.trim().is_empty()), "{} lacks a text", param.name);
        }
    });
}

/// A guess is a number of seconds that more rows and more features never make smaller.
#[test]
fn guesses_grow_with_the_sample() {
    let guess = |entry: &dyn Entry, rows: usize, columns: usize| {
        default_of(entry).guess(Shape { rows, total: rows as u64 * 3, columns })
    };
    for_each_detector(|entry| {
        let (small, large) = (guess(entry, 10, 1), guess(entry, 3_000_000, 60));
        assert!(small >= 0.0 && large.is_finite() && large > small, "{small} and {large}");
        for rows in [1, 100, 30_000] {
            assert!(guess(entry, rows, 4) <= guess(entry, 2 * rows, 4), "{rows} rows");
            assert!(guess(entry, rows, 4) <= guess(entry, rows, 9), "{rows} rows");
        }
    });
}
