//! Tables of every format.

use crate::support::{Folder, gzip, read, read_with};
use arrow::array::{
    ArrayRef, BinaryArray, Date32Array, DictionaryArray, Float32Array, Int8Array, Int32Array,
    ListArray, RecordBatch, StringArray, StringViewArray, StructArray, TimestampNanosecondArray,
    UInt64Array,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Fields, Int32Type, TimeUnit};
use arrow::ipc::writer::{FileWriter, StreamWriter};
use jiff::tz::TimeZone;
use lanner_read::{Inputs, Kind, Options};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

fn types(inputs: &Inputs) -> Vec<(String, String)> {
    let show = |t: &DataType| match t {
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC" => "time".into(),
        other => other.to_string(),
    };
    let fields = inputs.schema().fields().iter();
    fields.map(|f| (f.name().clone(), show(f.data_type()))).collect()
}

fn typed(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|&(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

#[test]
fn csv_types_hold_for_the_whole_file() {
    let folder = Folder::new();
    let mut text = String::from("id,n,f,flag,when,who,none\n");
    for n in 0..20_000 {
        text += &format!(
            "{n:04},{n},{n}.5,true,2024-01-01 00:00:{:02},\"a, \"\"b\"\"\n{n}\",\n",
            n % 60
        );
    }
    text += "x,18446744073709551615,7,FALSE,2024-01-02,\"\",\n";
    let outcome =
        read(&folder.file("a.csv", &text), &["id", "n", "f", "flag", "when", "who", "none"]);
    let want = [
        ("id", "Utf8"),
        ("n", "UInt64"),
        ("f", "Float64"),
        ("flag", "Boolean"),
        ("when", "time"),
        ("who", "Utf8"),
        ("none", "Utf8"),
    ];
    assert_eq!(types(&outcome.inputs), typed(&want));
    assert_eq!(outcome.rows.num_rows(), 20_001);
    assert_eq!(outcome.column("who")[1], "a, \"b\"\n1");
    assert_eq!(outcome.column("id")[1], "0001");
    let last = |name| outcome.column(name).pop().unwrap();
    assert_eq!(
        (last("n"), last("flag"), last("who")),
        ("18446744073709551615".into(), "false".into(), "-".into())
    );
    assert_eq!(last("when"), "2024-01-02T00:00:00Z");
    assert!(outcome.accounts[0].notes.is_empty());
}

#[test]
fn csv_dialects_and_encodings() {
    let folder = Folder::new();
    let plain = "name;when\r\nä;2024-06-01 12:00\r\n;\r\n";
    let utf16: Vec<u8> =
        format!("\u{feff}{plain}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in [
        ("a.csv", plain.as_bytes().to_vec()),
        ("b.tsv", plain.replace(';', "\t").into_bytes()),
        ("c.csv.gz", gzip(plain)),
        ("d.csv", utf16),
        ("e", plain.replace(';', "|").into_bytes()),
    ] {
        let path = folder.file(name, bytes);
        let zone = TimeZone::get("Europe/Rome").unwrap();
        let options = Options { zone, time_field: Some("when".into()), ..Options::default() };
        let outcome = read_with(&[&path], &["name"], &options).unwrap();
        assert_eq!(outcome.column("name"), ["ä", "-"], "{name}");
        assert_eq!(outcome.column("lanner_time"), ["2024-06-01T10:00:00Z", "-"], "{name}");
    }
}

#[test]
fn ragged_csv_records_are_rejected_with_their_place() {
    let text = "a,b\r\n1,2\r\n3\r\n\r\n4,5,6\r\n\"7\r\n\",8\r\n9";
    let outcome = read(&Folder::new().file("a.csv", text), &["a", "b"]);
    assert_eq!(outcome.column("b"), ["2", "8"]);
    assert_eq!(outcome.records(), [0, 3]);
    assert_eq!(
        outcome.rejects(),
        [
            (1, 10, "1 fields instead of 2, line 3"),
            (2, 15, "3 fields instead of 2, line 5"),
            (4, 31, "1 fields instead of 2, line 8"),
        ]
    );
}

#[test]
fn json_tables_are_flattened_and_typed() {
    let folder = Folder::new();
    let records = [
        r#"{"a":1,"b":{"c":"x","d":[1,{"e":2}]},"t":"2024-01-01T00:00:00Z"}"#,
        r#"{"a":2.5,"b":{"c":null},"new":true,"t":null}"#,
        r#"{"b":{"c":"\u00fc"},"a":-3,"new":null}"#,
    ];
    let pretty = records.map(|r| r.replace("{\"a\"", "{\n  \"a\"").replace("},", "},\n  "));
    for text in [
        records.join("\n"),
        format!("[{}]", records.join(",\n")),
        records.concat(),
        pretty.join("\n"),
    ] {
        let outcome = read(&folder.file("a.json", &text), &["a", "b.c", "b.d", "new", "b"]);
        let want =
            [("a", "Float64"), ("b.c", "Utf8"), ("b.d", "Utf8"), ("t", "time"), ("new", "Boolean")];
        assert_eq!(types(&outcome.inputs), typed(&want), "{text}");
        assert_eq!(outcome.inputs.kind(), Kind::Table);
        assert_eq!(outcome.column("a"), ["1.0", "2.5", "-3.0"]);
        assert_eq!(outcome.column("b.c"), ["x", "-", "ü"]);
        assert_eq!(outcome.column("b.d"), [r#"[1,{"e":2}]"#, "-", "-"]);
        assert_eq!(outcome.column("new"), ["-", "true", "-"]);
        assert_eq!(outcome.column("b")[1].replace("\n  ", ""), r#"{"c":null}"#);
    }
}

#[test]
fn tables_of_several_files_agree_on_their_columns() {
    let folder = Folder::new();
    folder.file("a.csv", "n,m,x\n1,2,3\n");
    folder.file("b.csv", "m,n,y\ntext,1.5,4\n");
    let times = ["1970-01-02", "1970-01-02T00:00:00Z"];
    let dates =
        RecordBatch::try_from_iter([("t", Arc::new(Date32Array::from(vec![1])) as ArrayRef)]);
    let words = RecordBatch::try_from_iter([(
        "t",
        Arc::new(StringArray::from(vec![times[0]])) as ArrayRef,
    )]);
    let one = folder.file("tables/a.arrow", ipc_file(&dates.unwrap()));
    let two = folder.file("tables/b.arrow", ipc_file(&words.unwrap()));
    let mixed = read_with(&[&one, &two], &["t"], &Options::default()).unwrap();
    assert_eq!(mixed.column("t"), [times[1], times[0]]);
    std::fs::remove_dir_all(folder.path().join("tables")).unwrap();
    let outcome = read(folder.path(), &["n", "m", "x", "y"]);
    let want = [("n", "Float64"), ("m", "Utf8"), ("x", "Int64"), ("y", "Int64")];
    assert_eq!(types(&outcome.inputs), typed(&want));
    assert_eq!(outcome.column("n"), ["1.0", "1.5"]);
    assert_eq!(outcome.column("m"), ["2", "text"]);
    assert_eq!(
        (outcome.column("x"), outcome.column("y")),
        (vec!["3".into(), "-".into()], vec!["-".into(), "4".into()])
    );
}

/// A table of awkward types, 3 rows.
fn awkward() -> RecordBatch {
    let inner: Fields = vec![
        Field::new("arn", DataType::Utf8View, true),
        Field::new("deep.er", DataType::Int8, true),
    ]
    .into();
    let group = StructArray::new(
        inner,
        vec![
            Arc::new(StringViewArray::from(vec!["x", "y", "z"])) as ArrayRef,
            Arc::new(Int8Array::from(vec![1, 2, 3])),
        ],
        Some(NullBuffer::from(vec![true, false, true])),
    );
    let words: DictionaryArray<Int32Type> = ["p", "q", "p"].into_iter().collect();
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
    ]);
    RecordBatch::try_from_iter_with_nullable([
        ("group", Arc::new(group) as ArrayRef, true),
        ("word", Arc::new(words), true),
        ("list", Arc::new(lists), true),
        ("bytes", Arc::new(BinaryArray::from(vec![&b"\x00\xff"[..], b"", b"a"])), true),
        ("day", Arc::new(Date32Array::from(vec![0, 1, 2])), true),
        ("time", Arc::new(TimestampNanosecondArray::from(vec![1_999, 2_000, 3_000])), true),
        ("small", Arc::new(Int32Array::from(vec![Some(-1), None, Some(1)])), true),
        ("large", Arc::new(UInt64Array::from(vec![u64::MAX, 0, 1])), true),
        ("half", Arc::new(Float32Array::from(vec![0.5, 1.5, 2.5])), true),
        ("same", Arc::new(StringArray::from(vec!["a", "b", "c"])), true),
    ])
    .unwrap()
}

fn parquet(batch: &RecordBatch, rows: usize) -> Vec<u8> {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn ipc_file(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn ipc_stream(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn columnar_types_become_the_few_that_are_spoken() {
    let folder = Folder::new();
    let batch = awkward();
    for (name, bytes) in [
        ("a.parquet", parquet(&batch, 2)),
        ("b.arrow", ipc_file(&batch)),
        ("c.arrows", ipc_stream(&batch)),
        ("d.arrows.gz", gzip(ipc_stream(&batch))),
    ] {
        let columns = [
            "same",
            "group.arn",
            "group.deep.er",
            "word",
            "list",
            "bytes",
            "day",
            "small",
            "large",
        ];
        let outcome = read(&folder.file(name, bytes), &columns);
        let want = [
            ("group.arn", "Utf8"),
            ("group.deep.er", "Int64"),
            ("word", "Utf8"),
            ("list", "Utf8"),
            ("bytes", "Utf8"),
            ("day", "time"),
            ("time", "time"),
            ("small", "Int64"),
            ("large", "UInt64"),
            ("half", "Float64"),
            ("same", "Utf8"),
        ];
        assert_eq!(types(&outcome.inputs), typed(&want), "{name}");
        assert_eq!(outcome.inputs.time_field(), Some("time"));
        assert_eq!(outcome.column("group.arn"), ["x", "-", "z"]);
        assert_eq!(outcome.column("group.deep.er"), ["1", "-", "3"]);
        assert_eq!(outcome.column("word"), ["p", "q", "p"]);
        assert_eq!(outcome.column("list"), ["[1,null]", "-", "[]"]);
        assert_eq!(outcome.column("bytes"), ["00ff", "", "61"]);
        assert_eq!(outcome.column("day")[1], "1970-01-02T00:00:00Z");
        assert_eq!(outcome.column("small"), ["-1", "-", "1"]);
        assert_eq!(outcome.column("lanner_time")[0], "1970-01-01T00:00:00.000001Z");
        assert_eq!(outcome.records(), [0, 1, 2]);
        assert!(outcome.accounts[0].complete, "{name}");
    }
}

#[test]
fn row_groups_are_units() {
    let folder = Folder::new();
    folder.file("a.parquet", parquet(&awkward(), 2));
    folder.file("b.parquet", parquet(&awkward(), 1));
    let outcome = read(folder.path(), &["same"]);
    assert_eq!(outcome.inputs.units(), 2 + 3);
    assert_eq!(outcome.records(), [0, 1, 2, 0, 1, 2]);
    assert_eq!(outcome.column("same"), ["a", "b", "c", "a", "b", "c"]);
}

#[test]
fn damaged_columnar_files_are_contained() {
    let folder = Folder::new();
    let batch = awkward();
    for (name, bytes) in [
        ("a.parquet", parquet(&batch, 2)),
        ("b.arrow", ipc_file(&batch)),
        ("c.arrows", ipc_stream(&batch)),
    ] {
        for at in (0..bytes.len()).step_by(5) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x41;
            let path = folder.file(name, flipped);
            // An error, rejects or other values, but no panic that gets out and no wrong sum.
            let _ = read_with(&[&path], &["same"], &Options::default());
        }
        for cut in (0..bytes.len()).step_by(31) {
            let path = folder.file(name, &bytes[..cut]);
            let _ = read_with(&[&path], &["same"], &Options::default());
        }
    }
}
