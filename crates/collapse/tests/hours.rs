//! The hours of each tuple, from the same scan as the tuples.

use lanner_collapse::{Engine, Local, Memory, Spec};
use lanner_frame::Cancel;

/// Three tuples over four hours; one row has no time.
const ROWS: &str = "\
{\"who\":\"a\",\"time\":\"2026-01-01T00:10:00Z\"}
{\"who\":\"b\",\"time\":\"1969-12-31T23:59:59.5Z\"}
{\"who\":\"a\",\"time\":\"2026-01-01T00:50:00Z\"}
{\"who\":\"a\",\"time\":\"2026-01-01T03:00:00Z\"}
{\"who\":null,\"time\":\"2026-01-01T00:00:00Z\"}
{\"who\":\"b\"}
";

#[test]
fn hours_and_tuples_are_told_by_one_scan() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.ndjson");
    std::fs::write(&path, ROWS).unwrap();
    let options = lanner_read::Options { time_field: Some("time".into()), ..Default::default() };
    let inputs = lanner_read::open(&[path.to_string_lossy().into_owned()], &options).unwrap();
    let engine = Local::new(inputs, 2, Memory::default(), &Cancel::default()).unwrap();
    let spec = Spec { fields: vec!["who".into()], hours: true, ..Spec::default() };
    let with = engine.distinct(&spec).unwrap();
    let hours = with.hours.as_ref().unwrap();
    // 2026-01-01T00 is hour 490,896 since 1970; null comes first, then a, then b.
    assert_eq!(hours.tuple, [0, 1, 1, 2]);
    assert_eq!(hours.hour, [490_896, 490_896, 490_899, -1]);
    assert_eq!(hours.rows, [1, 2, 1, 1]);
    assert_eq!(hours.last[1] - hours.first[1], 40 * 60 * 1_000_000);
    assert_eq!(hours.first[3], -500_000);
    assert_eq!(with.copies, [1, 3, 2]);
    let without = engine.distinct(&Spec { hours: false, ..spec }).unwrap();
    assert_eq!(without.tuples, with.tuples);
    assert_eq!(without.copies, with.copies);
    assert_eq!(without.first_seen, with.first_seen);
    assert_eq!(without.last_seen, with.last_seen);
    assert_eq!(without.first, with.first);
}
