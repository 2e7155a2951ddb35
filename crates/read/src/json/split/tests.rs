//! Records come out the same however their bytes arrive, and damage costs only what it must.

use super::*;
use crate::json::paths::{Wanted, walk};
use lanner_frame::Rng;

const TRAIL: Layout = Layout {
    wrappers: &["Records", "Events"],
    is_field: |key| matches!(key, b"eventVersion" | b"eventName"),
};
const TABLE: Layout = Layout { wrappers: &[], is_field: |_| false };

/// Everything that comes out: offset, and the record or the reason in brackets.
fn pieces(text: &[u8], layout: Layout, block: usize) -> Vec<(u64, String)> {
    let window = Window::with_block(text, block);
    let mut splitter = Splitter::new(window, layout, &Limits { depth: 8, ..Limits::default() });
    let mut list = Vec::new();
    while let Some(item) = splitter.next() {
        let record = String::from_utf8_lossy(splitter.bytes(&item)).into_owned();
        let shown = match &item.damage {
            Some(damage) => format!("<{damage}>"),
            None if walk(&record, &Wanted::new([])).is_err() => {
                splitter.reopen();
                "<syntax>".to_owned()
            }
            None => record,
        };
        list.push((item.offset, shown));
        assert!(list.len() <= text.len() + 1, "more pieces than bytes");
    }
    assert!(list.is_sorted_by_key(|(offset, _)| *offset), "offsets go back");
    list
}

fn texts(text: &str, layout: Layout) -> Vec<String> {
    pieces(text.as_bytes(), layout, 1 << 10).into_iter().map(|(_, text)| text).collect()
}

/// A record as `CloudTrail` writes it, with all that may confuse.
fn event(n: usize) -> String {
    format!(
        r#"{{"eventVersion":"1.08","n":{n},"a":"x\"}}],{{","b":[1,{{"c":"\\"}}],"d":{{"e":null}}}}"#
    )
}

fn forms() -> Vec<String> {
    let [a, b, c] = [0, 1, 2].map(event);
    let pretty = |e: &str| e.replacen("{\"", "{\n    \"", 1);
    vec![
        format!("{{\"Records\":[{a},{b},{c}]}}"),
        format!(
            "{{ \"Next\" : [{{}}], \"x\":\"y\",\n\"Records\" : [ {a} ,\n {b},{c} ], \"z\":1 }}\n"
        ),
        format!("[{a},{b},{c}]"),
        format!("{a}\n{b}\n{c}\n"),
        format!("{a}\r\n{b}\r\n{c}"),
        format!("{a}{b} {c}"),
        format!("{{\"Records\":[{a},{b}]}}{{\"Records\":[{c}]}}"),
        format!("[{a}]\n[{b},{c}]"),
        format!("{}\n{}\n{}", pretty(&a), pretty(&b), pretty(&c)),
    ]
}

#[test]
fn every_form_gives_the_same_records() {
    for form in forms() {
        let found: Vec<String> =
            texts(&form, TRAIL).iter().map(|r| r.replace("\n    ", "")).collect();
        assert_eq!(found, [event(0), event(1), event(2)], "{form}");
    }
    assert!(texts("{\"Records\":null}", TRAIL).is_empty());
    assert!(texts("{\"Records\":[]}", TRAIL).is_empty());
    assert_eq!(texts("{\"foo\":1}", TRAIL), ["{\"foo\":1}"]);
}

#[test]
fn records_do_not_depend_on_how_bytes_arrive() {
    let mut all = forms();
    all.push(format!("{{\"Records\":[{},null,\"t\",[1],7,tru,{{\"a\":}},{}", event(0), event(1)));
    all.push(format!("{}\n{{\"a\":\"x\nnot json\n{}\n{{\"b\"", event(0), event(1)));
    for text in all {
        for layout in [TRAIL, TABLE] {
            let whole = pieces(text.as_bytes(), layout, 1 << 16);
            for block in [1, 2, 3, 7, 61, 64, 100] {
                assert_eq!(pieces(text.as_bytes(), layout, block), whole, "{text} by {block}");
            }
        }
    }
}

#[test]
fn a_cut_costs_no_record_before_it() {
    for form in forms() {
        let whole = pieces(form.as_bytes(), TRAIL, 1 << 16);
        for cut in 0..form.len() {
            let found = pieces(&form.as_bytes()[..cut], TRAIL, 1 << 16);
            let sound: Vec<_> = found.iter().filter(|(_, text)| !text.starts_with('<')).collect();
            let before = whole.iter().filter(|(at, text)| at + text.len() as u64 <= cut as u64);
            assert!(sound.into_iter().eq(before), "{form} cut at {cut}: {found:?}");
            assert!(found.iter().filter(|(_, text)| text.starts_with('<')).count() <= 1);
        }
    }
}

#[test]
fn what_is_no_object_is_named() {
    let text = format!("[null,\"a\",[{{}}],-1,true,{{}},oops,{}]", event(0));
    let want = [
        "<null instead of an object>",
        "<a text instead of an object>",
        "<a list instead of an object>",
        "<a number instead of an object>",
        "<a truth value instead of an object>",
        "{}",
        "<text that belongs to no record>",
        &event(0),
    ];
    assert_eq!(texts(&text, TRAIL), want);
    let lines = format!("{}\nsome words, and {{braces\n{}\n", event(0), event(1));
    assert_eq!(texts(&lines, TRAIL)[0], event(0));
    assert_eq!(texts(&lines, TRAIL).last(), Some(&event(1)));
}

#[test]
fn after_a_broken_record_the_next_one_is_found() {
    let [a, b, c] = [0, 1, 2].map(event);
    let open_brace = &b[..b.len() - 1];
    let open_text = b.replace("\"1.08\"", "\"1.08");
    for broken in [open_brace, &open_text, &b.replace(":{\"e\"", ":\"e\"")] {
        for text in [
            format!("{{\"Records\":[{a},{broken},{c}]}}"),
            format!("[\n  {a},\n  {broken},\n  {c}\n]"),
            format!("{a}\n{broken}\n{c}\n"),
        ] {
            let found = texts(&text, TRAIL);
            assert_eq!(found.first(), Some(&a), "{text}");
            assert!(found.contains(&c), "{text}: {found:?}");
        }
        // In a list of a table the fields do not tell where a record starts, only the lines do, and
        // the quotes of this record lead astray.
        let list = format!("[\n  {a},\n  {broken},\n  {c}\n]");
        let listed = (broken != open_text).then_some(list);
        for text in listed.into_iter().chain([format!("{a}\n{broken}\n{c}\n")]) {
            let found = texts(&text, TABLE);
            assert_eq!((found.first(), found.contains(&c)), (Some(&a), true), "{text}: {found:?}");
        }
    }
}

#[test]
fn deep_and_long_records_are_left_out() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(9), "]".repeat(9));
    assert_eq!(
        texts(&format!("[{},{deep},{}]", event(0), event(1)), TRAIL),
        [event(0), "<nested 10 deep, the limit is 8>".to_owned(), event(1)]
    );
    let long = format!("{{\"eventName\":\"{}\"}}", "x".repeat(5000));
    let text = format!("{}\n{long}\n{}\n", event(0), event(1));
    for block in [64, 100_000] {
        let limits = Limits { record_bytes: 1000, ..Limits::default() };
        let mut splitter =
            Splitter::new(Window::with_block(text.as_bytes(), block), TRAIL, &limits);
        let mut reasons = Vec::new();
        while let Some(item) = splitter.next() {
            reasons.push(item.damage.map_or(String::new(), |d| d.to_string()));
        }
        assert_eq!(reasons, ["", "longer than the limit of 1000 bytes", ""], "by {block}");
    }
}

/// Changed, removed and repeated bytes never hang or panic, and the pieces stay in order.
#[test]
fn random_damage_is_survived() {
    let mut rng = Rng::new(7, 0);
    for form in forms() {
        for _ in 0..300 {
            let mut bytes = form.clone().into_bytes();
            for _ in 0..=rng.below(4) {
                let at = rng.below(bytes.len() as u64) as usize;
                match rng.below(3) {
                    0 => bytes[at] = b"{}[]\",:\\\n x"[rng.below(11) as usize],
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, b"{}[]\"\\\n"[rng.below(7) as usize]),
                }
            }
            let whole = pieces(&bytes, TRAIL, 1 << 16);
            assert_eq!(pieces(&bytes, TRAIL, 5), whole, "{:?}", String::from_utf8_lossy(&bytes));
        }
    }
}
