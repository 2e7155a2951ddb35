//! Arguments about inputs that several commands share.

use crate::failure::Failure;
use lanner_frame::Cancel;
use lanner_read::Inputs;
use serde::Serialize;
use std::path::PathBuf;

/// How inputs are read.
#[derive(Debug, Clone, Default, clap::Args, Serialize)]
#[command(next_help_heading = "Reading")]
pub(crate) struct Reading {
    /// Field that holds the event time [default: eventTime, @timestamp, TimeCreated or a column alike]
    #[arg(long, value_name = "FIELD")]
    pub(crate) time: Option<String>,
    /// Zone of times that name none, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub(crate) tz: Option<String>,
    /// Largest record that is read, in MiB [default: 256]
    #[arg(long, value_name = "MIB")]
    pub(crate) max_record: Option<u64>,
    /// Deepest nesting that is read [default: 256]
    #[arg(long, value_name = "LEVELS")]
    pub(crate) max_depth: Option<usize>,
    /// Largest decompressed : compressed ratio beyond 64 MiB [default: 1000]
    #[arg(long, value_name = "RATIO")]
    pub(crate) max_ratio: Option<u64>,
}

impl Reading {
    /// As the pipeline takes it.
    pub(crate) fn plain(&self) -> lanner_pipeline::Reading {
        lanner_pipeline::Reading {
            time: self.time.clone(),
            tz: self.tz.clone(),
            max_record: self.max_record,
            max_depth: self.max_depth,
            max_ratio: self.max_ratio,
        }
    }

    /// Opens inputs as asked for.
    pub(crate) fn open(
        &self,
        inputs: &[String],
        spool: Option<PathBuf>,
        threads: usize,
        cancel: &Cancel,
    ) -> Result<Inputs, Failure> {
        let options = self.plain().options(spool, threads, cancel)?;
        Ok(lanner_read::open(inputs, &options)?)
    }
}
