//! The page: complete, small, and harmless whatever the log says.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod made_up;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use lanner_pipeline::Status;
use lanner_read::Reject;
use lanner_report::draw;
use made_up::{ALL, CLASSIC, Dice, Made, from_tuples, hunt, target};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

const TAGS: [&str; 51] = [
    "!DOCTYPE",
    "a",
    "b",
    "body",
    "br",
    "caption",
    "circle",
    "code",
    "dd",
    "defs",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "footer",
    "g",
    "h1",
    "h2",
    "h3",
    "head",
    "header",
    "html",
    "i",
    "li",
    "line",
    "main",
    "meta",
    "nav",
    "p",
    "path",
    "pattern",
    "rect",
    "script",
    "section",
    "small",
    "span",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "text",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
];
const ATTRIBUTES: [&str; 41] = [
    "aria-hidden",
    "aria-label",
    "aria-labelledby",
    "charset",
    "class",
    "colspan",
    "content",
    "cx",
    "cy",
    "d",
    "data-sift",
    "dx",
    "dy",
    "fill-opacity",
    "height",
    "href",
    "html",
    "http-equiv",
    "id",
    "lang",
    "name",
    "patternTransform",
    "patternUnits",
    "preserveAspectRatio",
    "r",
    "role",
    "rx",
    "scope",
    "style",
    "tabindex",
    "title",
    "transform",
    "type",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
];

/// Every tag of a page, with its attributes, checking that tags are closed in order.
fn tags(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut all = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(close) = rest.strip_prefix('/') {
            let (name, after) = close.split_once('>').unwrap();
            assert_eq!(open.pop().as_deref(), Some(name), "closed out of order");
            rest = after;
            continue;
        }
        let end = rest.find([' ', '>', '/', '\n']).unwrap();
        let name = rest[..end].to_owned();
        rest = &rest[end..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix("/>") {
                rest = after;
                break;
            }
            if let Some(after) = rest.strip_prefix('>') {
                rest = after;
                if !["!DOCTYPE", "meta", "br"].contains(&name.as_str()) {
                    open.push(name.clone());
                }
                break;
            }
            let end = rest.find(['=', '>', ' ']).unwrap();
            let key = rest[..end].to_owned();
            rest = &rest[end..];
            let mut value = String::new();
            if let Some(after) = rest.strip_prefix("=\"") {
                let (inside, after) = after.split_once('"').unwrap();
                inside.clone_into(&mut value);
                rest = after;
            }
            attributes.push((key, value));
        }
        if name == "style" || name == "script" {
            rest = &rest[rest.find(&format!("</{name}>")).unwrap()..];
        }
        all.push((name, attributes));
    }
    assert!(open.is_empty(), "left open: {open:?}");
    all
}

/// Says that a page has nothing but our own tags, attributes and links, and nothing that runs.
fn assert_harmless(page: &str) {
    for (tag, attributes) in tags(page) {
        assert!(TAGS.contains(&tag.as_str()), "tag {tag}");
        for (name, value) in attributes {
            assert!(ATTRIBUTES.contains(&name.as_str()), "attribute {name} of {tag}");
            let plain = |c: char| c.is_ascii_alphanumeric() || " :;%.-#".contains(c);
            match name.as_str() {
                "href" => assert!(value.starts_with('#'), "link to {value}"),
                "style" | "class" | "id" => assert!(value.chars().all(plain), "{name} {value}"),
                _ => {}
            }
        }
    }
    // The one script is the one that the policy names, and nothing on the page is in it.
    assert_eq!(page.matches("<script").count(), 1);
    let script = page.split("<script type=\"module\">").nth(1).unwrap();
    assert_eq!(script.split("</script>").next().unwrap(), include_str!("../templates/sift.js"));
    assert_eq!(page.matches("script-src 'sha256-").count(), 1);
    let unsafe_char = |c: char| {
        (c.is_control() && c != '\n')
            || ('\u{200B}'..='\u{200F}').contains(&c)
            || ('\u{2028}'..='\u{202E}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    assert!(!page.contains(unsafe_char), "a character that acts");
}

#[test]
fn the_page_stands_alone_and_is_drawn_again_the_same() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("found");
    hunt(150, &CLASSIC).write(&out).unwrap();
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert_eq!(draw(&out).unwrap(), page);
    assert_harmless(&page);
    assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
    let ids: Vec<String> = tags(&page)
        .into_iter()
        .flat_map(|(_, a)| a.into_iter().filter(|(n, _)| n == "id").map(|(_, v)| v))
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id is used twice");
    for wanted in
        ["DeleteDetector", "1 of ", "needs more rows than its 20 neighbours", "--max-seconds"]
    {
        assert!(page.contains(wanted), "{wanted}");
    }
    for row in 1..=100 {
        assert!(page.contains(&format!("id=\"t{row}\"")), "row {row}");
    }
}

#[test]
fn all_models_fit_on_the_page() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("found");
    hunt(150, &ALL).write(&out).unwrap();
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert_harmless(&page);
    assert_eq!(page.matches("class=\"pill ran\"").count(), 21);
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
}

/// Texts that an attacker would write into a log.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "<script>alert(1)</script>",
        "</script></title></style><svg onload=alert(1)>",
        "\" onmouseover=\"alert(1)\" x=\"",
        "' onclick='alert(1)",
        "javascript:alert(1)",
        "=cmd|' /C calc'!A0",
        "＝1+1",
        "@SUM(1)",
        "\tx\r\ny,\"z\"",
        "a\u{202e}gnp.exe\u{2066}\u{200f}b",
        "\u{1b}[31mred\u{1b}[0m\u{9b}31m\u{0}\u{7}",
        "{{ title }}{% endraw %}&lt;b&gt;&amp;",
        "a; b: 1 of 9 rows; c",
        "",
    ]
    .iter()
    .map(|t| (*t).to_owned())
    .collect();
    texts.push("<&\u{202e}\"".repeat(1 << 17));
    texts
}

/// A hunt in which every text is hostile.
fn attacked() -> Made {
    let texts = hostile();
    let n = texts.len();
    let key = |i: usize| std::array::from_fn(|j| texts[(i + j) % n].clone());
    let keys = (0..n).map(|i| (key(i), 1 + i as u64 % 3)).collect();
    let mut made = from_tuples(keys, &CLASSIC, &mut Dice::new());
    let outcome = &mut made.outcome;
    // The huge one is in the fields, once in a warning and once in a note.
    let all = || texts[..n - 1].iter().cloned();
    outcome.settings.inputs = all().collect();
    outcome.settings.left_out = all().collect();
    outcome.settings.filter = Some(all().collect());
    texts[1].clone_into(&mut outcome.settings.kind);
    for (field, text) in outcome.settings.fields.iter_mut().zip(all()) {
        field.name = text;
    }
    texts[0].clone_into(&mut outcome.input.skipped[0].path);
    texts[1].clone_into(&mut outcome.input.skipped[0].reason);
    texts.clone_into(&mut outcome.warnings);
    for (path, account) in &mut outcome.input.files {
        texts[2].clone_into(path);
        account.notes = all().map(|t| (t, 1)).collect();
        let reject = |reason| Reject { record: 1, offset: 2, reason };
        account.listed = all().map(reject).collect();
        account.rejects = n as u64 - 1;
    }
    texts.clone_into(&mut outcome.models[0].notes);
    outcome.models[1].params = serde_json::json!({ texts[0].as_str(): texts[1], "p": texts[14] });
    outcome.models[13].status = Status::Failed(texts[1].clone());
    made
}

#[test]
fn hostile_text_is_text_in_the_page() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("found");
    attacked().write(&out).unwrap();
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert_harmless(&page);
    assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;"));
    assert!(page.contains("gnp.exe") && page.contains("\\u{202e}"));
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
}

#[test]
fn hostile_text_is_text_in_the_table() {
    let home = tempfile::tempdir().unwrap();
    let made = attacked();
    let total = made.tuple_of.len();
    for raw in [false, true] {
        let out = home.path().join(format!("raw-{raw}"));
        let mut goal = target(&out);
        goal.raw_csv = raw;
        let manifest = made.write_with(&goal, &made.flagged(), 0).unwrap();
        assert_eq!(manifest.failed_checks().count(), 0, "{:?}", manifest.checks);
        let mut csv = csv::Reader::from_path(out.join("events.csv")).unwrap();
        let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), total);
        let cells = || rows.iter().flat_map(|r| r.iter());
        let formula = |cell: &str| {
            cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']) && cell.parse::<f64>().is_err()
        };
        assert_eq!(cells().any(formula), raw);
        // The reasons are words for people: they never carry what the columns carry raw.
        let why = rows[0].len() - 1;
        assert!(
            rows.iter().all(|r| r[why].len() < 4_000 && !r[why].contains(['\u{1b}', '\u{202e}']))
        );
    }
}

#[test]
fn the_page_stays_small_whatever_the_hunt() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("found");
    let mut made = hunt(200, &ALL);
    let n = made.outcome.tuples.len();
    let wide: Vec<(String, ArrayRef)> = (0..50)
        .map(|j| {
            let text = |i| format!("{i}{}", "\"<\u{1F985}".repeat(200));
            let column = StringArray::from_iter_values((0..n).map(text));
            (format!("{j}{}", "<&>".repeat(500)), Arc::new(column) as ArrayRef)
        })
        .collect();
    made.outcome.tuples.values = RecordBatch::try_from_iter(wide).unwrap();
    let (path, account) = made.outcome.input.files[2].clone();
    let long = format!("{path}{}", "&\"".repeat(2000));
    made.outcome.input.files = (0..300).map(|i| (format!("{i}{long}"), account.clone())).collect();
    for (_, account) in &mut made.outcome.input.files {
        account.listed = vec![account.listed[0].clone(); 20];
        account.listed.iter_mut().for_each(|r| r.reason = "<\"".repeat(500));
        account.rejects = 20;
    }
    let skipped = made.outcome.input.skipped[0].clone();
    made.outcome.input.skipped = vec![skipped; 500];
    made.outcome.warnings = vec!["<\"&".repeat(1000); 500];
    made.write(&out).unwrap();
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    assert!(page.contains("And 200 more files in"));
    assert_harmless(&page);
}

#[test]
fn a_folder_that_is_no_hunt_is_an_error_that_names_the_file() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("found");
    assert!(draw(&out).unwrap_err().to_string().contains("manifest.json"));
    hunt(30, &CLASSIC).write(&out).unwrap();
    for name in ["ranks.csv", "models.json", "tuples.parquet", "score_correlation.csv"] {
        let good = fs::read(out.join(name)).unwrap();
        fs::write(out.join(name), "a,b,c\n1,\u{1b}x\n").unwrap();
        let error = draw(&out).unwrap_err().to_string();
        assert!(error.starts_with(name) && !error.contains('\u{1b}'), "{error}");
        fs::write(out.join(name), good).unwrap();
    }
}
