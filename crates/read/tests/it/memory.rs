//! Tables in memory are read as files of the same content are.

use crate::support::Folder;
use arrow::array::{ArrayRef, DictionaryArray, LargeStringArray, RecordBatch, UInt64Array};
use arrow::datatypes::Int32Type;
use lanner_frame::{Cancel, Workers};
use lanner_read::{Inputs, Ledger, Options, ReadError, Whole, open, open_table};
use parquet::arrow::ArrowWriter;
use std::ops::ControlFlow;
use std::sync::Arc;

/// More than one piece of rows, with types that are none of ours.
fn batches() -> Vec<RecordBatch> {
    let batch = |from: u64, rows: u64| {
        let name: LargeStringArray = (from..from + rows).map(|n| Some(format!("n{n}"))).collect();
        let host: DictionaryArray<Int32Type> =
            (0..rows).map(|n| (n % 7 != 0).then_some(if n % 2 == 0 { "a" } else { "b" })).collect();
        let count = UInt64Array::from_iter_values(from..from + rows);
        let columns: [(&str, ArrayRef); 3] =
            [("name", Arc::new(name)), ("a.host", Arc::new(host)), ("count", Arc::new(count))];
        RecordBatch::try_from_iter(columns).unwrap()
    };
    vec![batch(0, 100_000), batch(100_000, 0), batch(100_000, 3)]
}

fn whole(inputs: &Inputs) -> Whole {
    let columns: Vec<String> = inputs.schema().fields().iter().map(|f| f.name().clone()).collect();
    inputs.whole(&columns, &Workers::new(2).unwrap()).unwrap()
}

fn in_memory(batches: &[RecordBatch]) -> Inputs {
    open_table("a table", batches[0].schema_ref(), batches, &Options::default()).unwrap()
}

#[test]
fn a_table_in_memory_is_read_as_its_file_is() {
    let folder = Folder::new();
    let batches = batches();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batches[0].schema(), None).unwrap();
    for batch in &batches {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
    let path = folder.file("rows.parquet", &bytes);
    let file = open(&[path.to_string_lossy().into_owned()], &Options::default()).unwrap();
    let memory = in_memory(&batches);
    assert_eq!(memory.schema(), file.schema());
    let (a, b) = (whole(&memory), whole(&file));
    let all = |w: &Whole| arrow::compute::concat_batches(&w.schema, &w.batches).unwrap();
    assert_eq!(all(&a), all(&b));
    let account = &a.accounts[0];
    assert_eq!((account.records, account.rejects, account.complete), (100_003, 0, true));
    assert!(account.sha256.is_empty() && account.bytes > 100_000);
    assert!(memory.units() > 1, "pieces that threads share");
}

#[test]
fn places_go_on_from_piece_to_piece() {
    let inputs = in_memory(&batches());
    let ledger = Ledger::new(&inputs);
    let mut next = 0;
    for unit in 0..inputs.units() {
        inputs
            .scan(unit, &["count".to_owned()], &ledger, &mut |batch| {
                for row in batch.columns()[0].as_any().downcast_ref::<UInt64Array>().unwrap() {
                    assert_eq!(row, Some(next));
                    next += 1;
                }
                let records: &UInt64Array = batch["lanner_record"].as_any().downcast_ref().unwrap();
                assert_eq!(records.values().last(), Some(&(next - 1)));
                ControlFlow::Continue(())
            })
            .unwrap();
    }
    assert_eq!(next, 100_003);
}

#[test]
fn an_empty_table_and_an_interrupt() {
    let empty = batches()[1].clone();
    let inputs = in_memory(&[empty]);
    let read = whole(&inputs);
    assert_eq!((read.schema.fields().len(), read.batches.len()), (3, 0));
    assert!(read.accounts[0].complete);

    let options = Options { interrupted: Cancel::default(), ..Options::default() };
    let all = batches();
    let inputs = open_table("a table", all[0].schema_ref(), &all, &options).unwrap();
    options.interrupted.raise();
    let ended = inputs.whole(&["count".to_owned()], &Workers::new(1).unwrap());
    assert!(matches!(ended, Err(ReadError::Cancelled(_))));
}
