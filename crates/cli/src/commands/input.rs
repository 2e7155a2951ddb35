//! Arguments about inputs that several commands share.

use crate::failure::Failure;
use jiff::tz::TimeZone;
use lanner_frame::Cancel;
use lanner_read::{Inputs, Limits, Options};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How inputs are read.
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
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
    /// The zone of times that name none.
    pub(crate) fn zone(&self) -> Result<TimeZone, Failure> {
        let name = self.tz.as_deref().unwrap_or("UTC");
        TimeZone::get(name).map_err(|_| {
            Failure::usage(format!("--tz {name:?} is no known time zone; try UTC or Europe/Berlin"))
        })
    }

    /// Opens inputs as asked for.
    pub(crate) fn open(
        &self,
        inputs: &[String],
        spool: Option<PathBuf>,
        threads: usize,
        cancel: &Cancel,
    ) -> Result<Inputs, Failure> {
        let usual = Limits::default();
        let limits = Limits {
            record_bytes: self.max_record.map_or(usual.record_bytes, |mib| mib << 20),
            depth: self.max_depth.unwrap_or(usual.depth),
            ratio: self.max_ratio.unwrap_or(usual.ratio),
            ..usual
        };
        let options = Options {
            limits,
            time_field: self.time.clone(),
            zone: self.zone()?,
            spool,
            interrupted: cancel.clone(),
            threads,
        };
        Ok(lanner_read::open(inputs, &options)?)
    }
}

/// A moment named by a user: RFC 3339, or a date or time in the zone.
pub(crate) fn moment(
    option: &str,
    text: Option<&str>,
    zone: &TimeZone,
) -> Result<Option<jiff::Timestamp>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let date = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() <= 10);
    let at_midnight = date.and_then(|d| d.to_zoned(zone.clone()).ok()).map(|z| z.timestamp());
    let parsed = at_midnight.or_else(|| {
        let micros = lanner_read::parse_time(text, zone)?;
        jiff::Timestamp::from_microsecond(micros).ok()
    });
    parsed.map(Some).ok_or_else(|| {
        Failure::usage(format!(
            "{option} {text:?} is no time; write 2026-01-31 or 2026-01-31T08:00:00Z"
        ))
    })
}

/// The number of threads: those asked for, or one a core.
pub(crate) fn threads(asked: Option<usize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    asked.filter(|&t| t > 0).unwrap_or_else(cores)
}
