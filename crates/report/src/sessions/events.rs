//! `events.parquet`: every event that sessions are built from, with its session.
//!
//! Sessions are known only when all events were read. Till then the events are kept in a file of the same
//! form beside the place of the final one, so that memory does not grow with the log.

use crate::file::OutFile;
use crate::tuples::parquet;
use crate::{OutputFile, ReportError};
use arrow::array::{
    ArrayRef, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondBuilder, UInt32Builder,
    UInt64Array, UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use lanner_sessions::{Correlation, Event, Session, meaning};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::ser::{SerializeMap, Serializer};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the file.
pub(crate) const EVENTS: &str = "events.parquet";
/// Name of the file that the events are kept in.
const SPOOL: &str = "events.spool";
/// Events turned into columns at once.
const ROWS: usize = 4096;
/// Bytes held before they go to the file.
const HELD: usize = 64 << 20;

/// The columns that are known while reading.
fn columns() -> Vec<Field> {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let text = |name| Field::new(name, DataType::Utf8, true);
    vec![
        Field::new("time", time, true),
        text("host"),
        Field::new("event_id", DataType::UInt32, false),
        text("meaning"),
        text("user"),
        text("source_ip"),
        text("object"),
        text("channel"),
        text("provider"),
        Field::new("record_id", DataType::UInt64, false),
        text("user_sid"),
        text("data"),
        Field::new("lanner_file", DataType::Utf8, false),
        Field::new("lanner_record", DataType::UInt64, false),
    ]
}

/// Events kept until their sessions are known.
pub(super) struct Spool {
    path: PathBuf,
    columns: Columns,
    writer: ArrowWriter<OutFile>,
}

impl Spool {
    pub(super) fn new(dir: &Path) -> Result<Self, ReportError> {
        let schema = Arc::new(Schema::new(columns()));
        let writer = parquet(OutFile::create(dir, SPOOL)?, &schema)?;
        Ok(Self { path: dir.join(SPOOL), columns: Columns::new(schema), writer })
    }

    pub(super) fn push(
        &mut self,
        event: &Event,
        file: &str,
        record: u64,
    ) -> Result<(), ReportError> {
        self.columns.push(event, file, record)?;
        if self.columns.rows == ROWS {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ReportError> {
        self.writer.write(&self.columns.take()?)?;
        if self.writer.in_progress_size() > HELD {
            self.writer.flush()?;
        }
        Ok(())
    }

    /// Writes the events with their sessions, in the order in which they came; gives their number and
    /// that of the events in sessions besides.
    pub(super) fn finish(
        mut self,
        dir: &Path,
        places: &Places,
    ) -> Result<(OutputFile, u64, u64), ReportError> {
        self.flush()?;
        self.writer.into_inner()?.seal()?;
        let file = File::open(&self.path).map_err(ReportError::io("open", &self.path))?;
        let mut fields = vec![
            Field::new("session_id", DataType::UInt64, true),
            Field::new("correlation", DataType::Utf8, true),
        ];
        fields.extend(columns());
        let schema = Arc::new(Schema::new(fields));
        let mut writer = parquet(OutFile::create(dir, EVENTS)?, &schema)?;
        let (mut rows, mut linked) = (0_usize, 0);
        let kept = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(ROWS).build()?;
        for batch in kept {
            let batch = batch?;
            let here = rows..rows + batch.num_rows();
            rows = here.end;
            let ids: UInt64Array = here.clone().map(|at| places.of(at).map(|p| p.0)).collect();
            let how: StringArray = here.map(|at| places.of(at).map(|p| p.1.name())).collect();
            linked += ids.iter().flatten().count() as u64;
            let mut columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(how)];
            columns.extend(batch.columns().iter().cloned());
            writer.write(&RecordBatch::try_new(Arc::clone(&schema), columns)?)?;
            if writer.in_progress_size() > HELD {
                writer.flush()?;
            }
        }
        let sealed = writer.into_inner()?.seal()?;
        fs::remove_file(&self.path).map_err(ReportError::io("remove", &self.path))?;
        Ok((sealed, rows as u64, linked))
    }
}

/// The session of each event, by the event's number.
pub(super) struct Places(Vec<Option<(u64, Correlation)>>);

impl Places {
    /// Of so many events. Of an event in several sessions the last one counts.
    pub(super) fn new(events: u64, sessions: &[Session]) -> Self {
        let mut places = vec![None; events as usize];
        for session in sessions {
            for event in &session.events {
                if let Some(place) = places.get_mut(event.at as usize) {
                    *place = Some((session.session_id, event.correlation));
                }
            }
        }
        Self(places)
    }

    fn of(&self, at: usize) -> Option<(u64, Correlation)> {
        self.0.get(at).copied().flatten()
    }
}

/// Events becoming columns.
struct Columns {
    schema: Arc<Schema>,
    rows: usize,
    time: TimestampMicrosecondBuilder,
    event_id: UInt32Builder,
    record_id: UInt64Builder,
    record: UInt64Builder,
    /// The columns of text, in their order.
    texts: [StringBuilder; TEXTS],
}

/// Columns of text.
const TEXTS: usize = 10;

impl Columns {
    fn new(schema: Arc<Schema>) -> Self {
        Self {
            schema,
            rows: 0,
            time: TimestampMicrosecondBuilder::new().with_timezone("UTC"),
            event_id: UInt32Builder::new(),
            record_id: UInt64Builder::new(),
            record: UInt64Builder::new(),
            texts: std::array::from_fn(|_| StringBuilder::new()),
        }
    }

    fn push(&mut self, event: &Event, file: &str, record: u64) -> Result<(), ReportError> {
        self.time.append_option(event.time.map(jiff::Timestamp::as_microsecond));
        self.event_id.append_value(event.event_id);
        self.record_id.append_value(event.record_id);
        self.record.append_value(record);
        let data = pairs(&event.data)?;
        let some = |text: &'_ str| (!text.is_empty()).then_some(text.to_owned());
        let values = [
            some(&event.computer),
            some(meaning(event.event_id)),
            event.user().map(str::to_owned),
            event.address().map(str::to_owned),
            event.object().map(str::to_owned),
            some(&event.channel),
            some(&event.provider),
            event.user_sid.clone(),
            Some(data),
            Some(file.to_owned()),
        ];
        for (column, value) in self.texts.iter_mut().zip(values) {
            column.append_option(value);
        }
        self.rows += 1;
        Ok(())
    }

    fn take(&mut self) -> Result<RecordBatch, ReportError> {
        self.rows = 0;
        let mut texts = self.texts.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef);
        let columns = self.schema.fields().iter().map(|field| match field.name().as_str() {
            "time" => Some(Arc::new(self.time.finish()) as ArrayRef),
            "event_id" => Some(Arc::new(self.event_id.finish()) as ArrayRef),
            "record_id" => Some(Arc::new(self.record_id.finish()) as ArrayRef),
            "lanner_record" => Some(Arc::new(self.record.finish()) as ArrayRef),
            _ => texts.next(),
        });
        let columns: Vec<ArrayRef> = columns.flatten().collect();
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

/// Names and values as a JSON object.
fn pairs(data: &[(String, String)]) -> Result<String, ReportError> {
    let mut text = Vec::new();
    let mut json = serde_json::Serializer::new(&mut text);
    let mut map = json.serialize_map(Some(data.len()))?;
    for (name, value) in data {
        map.serialize_entry(name, value)?;
    }
    map.end()?;
    Ok(String::from_utf8(text).expect("JSON of text is text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;
    use arrow::datatypes::UInt64Type;
    use lanner_sessions::Linked;

    #[test]
    fn every_event_is_written_once_with_its_session() {
        let dir = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(dir.path()).unwrap();
        let events = ROWS + 3;
        for at in 0..events as u64 {
            let data = vec![
                ("User".to_owned(), format!("u{at}\"")),
                ("Address".to_owned(), String::new()),
            ];
            let event = Event { event_id: 21, record_id: at + 1, data, at, ..Event::default() };
            spool.push(&event, "a.evtx", at).unwrap();
        }
        let linked = Linked {
            at: ROWS as u64 + 1,
            time: None,
            event_id: 21,
            object: None,
            correlation: Correlation::GraceAfter,
        };
        let session = Session { session_id: 7, events: vec![linked], ..Session::default() };
        let places = Places::new(events as u64, &[session]);
        let (file, rows, linked) = spool.finish(dir.path(), &places).unwrap();
        assert_eq!((file.name.as_str(), rows, linked), (EVENTS, events as u64, 1));
        let written = File::open(dir.path().join(EVENTS)).unwrap();
        let read = ParquetRecordBatchReaderBuilder::try_new(written).unwrap();
        let batches: Vec<RecordBatch> =
            read.with_batch_size(events).build().unwrap().map(Result::unwrap).collect();
        let (batch, row) = (&batches[0], ROWS + 1);
        assert_eq!(batch.column(0).as_primitive::<UInt64Type>().value(row), 7);
        let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().value(row);
        assert_eq!(
            (text("correlation"), text("meaning")),
            ("grace_after", "Terminal session began")
        );
        assert_eq!((text("user"), text("lanner_file")), ("u4097\"", "a.evtx"));
        assert_eq!(text("data"), r#"{"User":"u4097\"","Address":""}"#);
        assert_eq!(batch.column(0).null_count(), events - 1);
        assert!(!dir.path().join(SPOOL).exists());
    }
}
