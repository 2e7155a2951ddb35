//! The sample as one Parquet file: a flattened trail.

use crate::SampleError;
use crate::record::Record;
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::value::RawValue;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Rows of a row group: small enough to bound memory, large enough to compress.
const GROUP_ROWS: usize = 64 * 1024;

type Text = for<'a> fn(&'a Record<'_>) -> Option<&'a str>;

/// The columns of text, in order; nested fields are joined with dots.
const TEXTS: [(&str, Text); 26] = [
    ("eventID", |r| Some(&r.event_id)),
    ("eventTime", |r| Some(&r.event_time)),
    ("awsRegion", |r| Some(r.aws_region)),
    ("sourceIPAddress", |r| Some(r.source_ip_address)),
    ("eventSource", |r| Some(&r.event_source)),
    ("eventName", |r| Some(r.event_name)),
    ("userAgent", |r| Some(&r.user_agent)),
    ("userIdentity.arn", |r| r.user_identity.arn),
    ("userIdentity.type", |r| Some(r.user_identity.r#type)),
    ("userIdentity.accountId", |r| r.user_identity.account_id),
    ("userIdentity.principalId", |r| r.user_identity.principal_id.as_deref()),
    ("userIdentity.userName", |r| r.user_identity.user_name),
    ("userIdentity.accessKeyId", |r| r.user_identity.access_key_id.as_deref()),
    ("userIdentity.invokedBy", |r| r.user_identity.invoked_by),
    ("errorCode", |r| r.error_code),
    ("errorMessage", |r| r.error_message.as_deref()),
    ("eventType", |r| Some(r.event_type)),
    ("eventCategory", |r| Some(r.event_category)),
    ("recipientAccountId", |r| Some(r.recipient_account_id)),
    ("requestID", |r| Some(&r.request_id)),
    ("tlsDetails.tlsVersion", |r| r.tls_details.as_ref().map(|tls| tls.tls_version)),
    ("requestParameters", |r| r.request_parameters.as_deref().map(RawValue::get)),
    ("responseElements", |r| r.response_elements.as_deref().map(RawValue::get)),
    ("additionalEventData", |r| r.additional_event_data.as_deref().map(RawValue::get)),
    ("eventVersion", |r| Some(r.event_version)),
    ("userIdentity.sessionContext.attributes.mfaAuthenticated", |r| r.user_identity.mfa()),
];

type Flag = fn(&Record<'_>) -> bool;

/// The columns of yes and no, after those of text.
const FLAGS: [(&str, Flag); 2] =
    [("readOnly", |r| r.read_only), ("managementEvent", |r| r.management_event)];

fn schema() -> Arc<Schema> {
    let texts = TEXTS.iter().map(|&(name, _)| Field::new(name, DataType::Utf8, true));
    let flags = FLAGS.iter().map(|&(name, _)| Field::new(name, DataType::Boolean, true));
    Arc::new(Schema::new(texts.chain(flags).collect::<Vec<_>>()))
}

/// The columns of some records.
pub(crate) fn batch(records: &[Record<'_>]) -> RecordBatch {
    let texts = TEXTS.iter().map(|(_, get)| {
        let column: StringArray = records.iter().map(get).collect();
        Arc::new(column) as ArrayRef
    });
    let flags = FLAGS.iter().map(|(_, get)| {
        let column: BooleanArray = records.iter().map(|record| Some(get(record))).collect();
        Arc::new(column) as ArrayRef
    });
    RecordBatch::try_new(schema(), texts.chain(flags).collect())
        .expect("every column has one value a record, of its type")
}

/// A Parquet file that is being written.
pub(crate) struct Table(ArrowWriter<File>);

impl Table {
    /// Starts the file.
    pub(crate) fn create(path: &Path) -> Result<Self, SampleError> {
        let file = File::create(path).map_err(|source| SampleError::io(path, source))?;
        let level = ZstdLevel::try_new(1).expect("level 1 exists");
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        Ok(Self(ArrowWriter::try_new(file, schema(), Some(properties))?))
    }

    /// Adds rows.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), SampleError> {
        Ok(self.0.write(batch)?)
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Result<(), SampleError> {
        self.0.close()?;
        Ok(())
    }
}
