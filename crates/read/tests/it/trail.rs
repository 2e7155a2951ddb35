//! `CloudTrail` in every form and state.

use crate::support::{Folder, gzip, read, read_with};
use lanner_read::{Kind, Limits, Options, ReadError};

const COLUMNS: [&str; 5] =
    ["eventName", "userIdentity.arn", "readOnly", "requestParameters", "raw"];

fn event(n: usize) -> String {
    format!(
        concat!(
            r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::1:user/\u00fc{n}"}},"#,
            r#""eventTime":"2023-07-10T11:40:{n:02}Z","eventSource":"s3.amazonaws.com","eventName":"Get{n}","#,
            r#""readOnly":true,"requestParameters":{{"bucketName":"b{n}","list":["x"]}},"responseElements":null}}"#
        ),
        n = n
    )
}

fn document(count: usize) -> String {
    let events: Vec<String> = (0..count).map(event).collect();
    format!("{{\"Records\":[{}]}}", events.join(","))
}

fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
    let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
    units.flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
}

#[test]
fn every_encoding_gives_the_same_rows() {
    let folder = Folder::new();
    let text = document(3);
    let (first, second) = text.split_at(text.len() / 2);
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    let forms: Vec<(&str, Vec<u8>)> = vec![
        ("plain.json", text.clone().into_bytes()),
        ("plain_named.json.gz", text.clone().into_bytes()),
        ("packed.json.gz", gzip(&text)),
        ("packed_named.json", gzip(&text)),
        ("members.json.gz", [gzip(first), gzip(second)].concat()),
        ("padded.json.gz", [gzip(&text), vec![0; 700]].concat()),
        ("packed.json.zst", zstd),
        ("mark.json", ["\u{feff}", &text].concat().into_bytes()),
        ("little.json", utf16(&text, true, true)),
        ("big.json", utf16(&text, false, true)),
        ("unmarked.json", utf16(&text, true, false)),
        ("packed_utf16.json.gz", gzip(utf16(&text, true, true))),
    ];
    for (name, bytes) in forms {
        let outcome = read(&folder.file(name, bytes), &COLUMNS);
        assert_eq!(outcome.inputs.kind(), Kind::CloudTrail);
        assert_eq!(outcome.column("eventName"), ["Get0", "Get1", "Get2"], "{name}");
        assert_eq!(outcome.column("userIdentity.arn")[1], "arn:aws:iam::1:user/ü1");
        assert_eq!(outcome.column("readOnly")[0], "true");
        assert_eq!(outcome.column("requestParameters")[2], r#"{"bucketName":"b2","list":["x"]}"#);
        assert_eq!(outcome.column("raw")[1], event(1));
        assert_eq!(outcome.column("lanner_time")[2], "2023-07-10T11:40:02Z");
        assert_eq!(outcome.records(), [0, 1, 2]);
        assert!(outcome.accounts[0].complete && outcome.rejects().is_empty(), "{name}");
    }
}

#[test]
fn lookup_events_are_the_events_inside() {
    let inner = |n| serde_text(&event(n));
    let text = format!(
        "{{\"NextToken\":\"t\",\"Events\":[{{\"EventId\":\"x\",\"CloudTrailEvent\":{}}},{{\"CloudTrailEvent\":{}}},{{\"CloudTrailEvent\":\"{{\"}}]}}",
        inner(0),
        inner(1)
    );
    let outcome = read(&Folder::new().file("events.json", text), &COLUMNS);
    assert_eq!(outcome.column("raw"), [event(0), event(1)]);
    assert_eq!(outcome.column("eventName"), ["Get0", "Get1"]);
    assert_eq!(outcome.accounts[0].rejects, 1);
}

/// A text as a JSON string.
fn serde_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[test]
fn any_path_into_a_record_can_be_asked_for() {
    let folder = Folder::new();
    let path = folder.file(
        "a.json",
        document(2).replace("\"eventSource\"", "\"own\":{\"key\":1},\"eventSource\""),
    );
    let columns = [
        "requestParameters.bucketName",
        "requestParameters.list.0",
        "own.key",
        "own",
        "userIdentity",
    ];
    let outcome = read(&path, &columns);
    assert_eq!(outcome.column("requestParameters.bucketName"), ["b0", "b1"]);
    assert_eq!(outcome.column("requestParameters.list.0"), ["x", "x"]);
    assert_eq!(outcome.column("own.key"), ["1", "1"]);
    assert_eq!(outcome.column("own")[0], "{\"key\":1}");
    assert!(outcome.column("userIdentity")[0].starts_with("{\"type\":\"IAMUser\""));
    let error = outcome.inputs.field("sourceIpAdress").unwrap_err();
    assert_eq!(error.nearest[0], "sourceIPAddress");
    assert!(
        outcome
            .inputs
            .field("useridentity.ARN")
            .unwrap_err()
            .nearest
            .contains(&"userIdentity.arn".into())
    );
    assert_eq!(outcome.inputs.schema().fields().last().unwrap().name(), "raw");
}

#[test]
fn times_are_found_or_given() {
    let folder = Folder::new();
    let dated = event(0).replace("eventTime", "@timestamp");
    let outcome = read(&folder.file("a.json", &dated), &["eventName"]);
    assert_eq!(outcome.inputs.time_field(), Some("@timestamp"));
    assert_eq!(outcome.column("lanner_time"), ["2023-07-10T11:40:00Z"]);
    let late = event(0).replace("2023-07-10T11:40:00Z", "soon");
    let none = event(1).replace("\"eventTime\"", "\"time\"");
    let outcome = read(&folder.file("b.json", format!("{late}\n{none}\n{}", event(2))), &[]);
    assert_eq!(outcome.column("lanner_time"), ["-", "-", "2023-07-10T11:40:02Z"]);
    let notes = &outcome.accounts[0].notes;
    assert_eq!(
        notes[..],
        [("records without a time".into(), 1), ("times that cannot be read".into(), 1)]
    );
    let given = Options { time_field: Some("nothing".into()), ..Options::default() };
    let error = read_with(&[&folder.path().join("b.json")], &[], &given).err().unwrap();
    assert!(matches!(error, ReadError::UnknownField(_)), "{error}");
}

#[test]
fn a_cut_or_damaged_gzip_keeps_what_came_before() {
    let folder = Folder::new();
    let text = document(60);
    let whole = gzip(&text);
    let mut most = 0;
    for cut in (100..whole.len() - 1).step_by(7) {
        let outcome = read(&folder.file("cut.json.gz", &whole[..cut]), &["raw"]);
        let rows = outcome.column("raw");
        assert!(rows.iter().enumerate().all(|(n, raw)| *raw == event(n)), "cut at {cut}");
        assert_eq!(outcome.accounts[0].rejects, 1, "cut at {cut}");
        assert!(!outcome.accounts[0].complete);
        assert_eq!(outcome.accounts[0].bytes, cut as u64);
        most = most.max(rows.len());
    }
    assert_eq!(most, 60);
    let mut flipped = whole.clone();
    let sum = flipped.len() - 6;
    flipped[sum] ^= 1;
    let outcome = read(&folder.file("flip.json.gz", flipped), &["raw"]);
    assert_eq!(outcome.rows.num_rows(), 60);
    assert!(outcome.rejects()[0].2.contains("damaged"), "{:?}", outcome.rejects());
    let tail = [whole, b"no gzip".to_vec()].concat();
    let outcome = read(&folder.file("tail.json.gz", tail), &["raw"]);
    assert_eq!((outcome.rows.num_rows(), outcome.accounts[0].rejects), (60, 1));
}

#[test]
fn odd_records_are_kept_or_named() {
    let text = format!("{{\"Records\":[{{}},null,{{\"eventName\":7}},{}]}}", event(1));
    let outcome = read(&Folder::new().file("a.json", text), &["eventName"]);
    assert_eq!(outcome.column("eventName"), ["-", "7", "Get1"]);
    assert_eq!(outcome.records(), [0, 2, 3]);
    assert_eq!(outcome.rejects(), [(1, 15, "null instead of an object")]);
}

#[test]
fn bytes_that_are_no_text_are_replaced_and_counted() {
    let mut bytes = document(2).into_bytes();
    let at = bytes.windows(4).position(|w| w == b"Get1").unwrap();
    bytes[at] = 0xff;
    let outcome = read(&Folder::new().file("a.json", bytes), &["eventName"]);
    assert_eq!(outcome.column("eventName"), ["Get0", "\u{fffd}et1"]);
    assert_eq!(outcome.accounts[0].notes[0].1, 1);
}

#[test]
fn limits_are_named_when_they_are_met() {
    let folder = Folder::new();
    let big = event(1).replace("b1", &"b".repeat(9000));
    let path = folder.file("a.json.gz", gzip(format!("[{},{big},{}]", event(0), event(2))));
    let limits = Limits { record_bytes: 2000, ..Limits::default() };
    let outcome = read_with(&[&path], &["raw"], &Options { limits, ..Options::default() }).unwrap();
    assert_eq!(outcome.column("raw"), [event(0), event(2)]);
    assert_eq!(outcome.rejects()[0].2, "longer than the limit of 2000 bytes");

    let bomb = format!("[{}{}", event(0), " ".repeat(4 << 20));
    let path = folder.file("bomb.json.gz", gzip(bomb));
    let limits = Limits { ratio: 50, ratio_from: 1 << 20, ..Limits::default() };
    let outcome = read_with(&[&path], &["raw"], &Options { limits, ..Options::default() }).unwrap();
    assert_eq!(outcome.rows.num_rows(), 1);
    assert!(outcome.rejects()[0].2.starts_with("decompresses to more than 50 times its size"));
    assert!(!outcome.accounts[0].complete);
}

#[test]
fn many_rejects_are_counted_and_the_first_listed() {
    let text = format!("[{}{}]", "null,".repeat(1500), event(0));
    let outcome = read(&Folder::new().file("a.json", text), &["raw"]);
    assert_eq!((outcome.accounts[0].rejects, outcome.accounts[0].listed.len()), (1500, 1000));
    assert_eq!(outcome.records(), [1500]);
}
