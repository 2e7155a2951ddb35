//! How inputs are read, as a user says it.

use crate::HuntError;
use jiff::tz::TimeZone;
use lanner_frame::Cancel;
use lanner_read::{Limits, Options};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How inputs are read, as a user says it: none for what is usual. Kept in manifests, for reading again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reading {
    /// Field that holds the event time.
    pub time: Option<String>,
    /// Zone of times that name none.
    pub tz: Option<String>,
    /// Largest record, MiB.
    pub max_record: Option<u64>,
    /// Deepest nesting.
    pub max_depth: Option<usize>,
    /// Largest decompressed : compressed ratio.
    pub max_ratio: Option<u64>,
}

impl Reading {
    /// The zone of times that name none.
    ///
    /// # Errors
    /// [`HuntError::Usage`] if there is no such zone.
    pub fn zone(&self) -> Result<TimeZone, HuntError> {
        let name = self.tz.as_deref().unwrap_or("UTC");
        TimeZone::get(name).map_err(|_| {
            HuntError::Usage(format!(
                "--tz {name:?} is no known time zone; try UTC or Europe/Berlin"
            ))
        })
    }

    /// What readers are told. Standard input is kept in `spool`.
    ///
    /// # Errors
    /// As [`Self::zone`].
    pub fn options(
        &self,
        spool: Option<PathBuf>,
        threads: usize,
        cancel: &Cancel,
    ) -> Result<Options, HuntError> {
        let usual = Limits::default();
        let limits = Limits {
            record_bytes: self.max_record.map_or(usual.record_bytes, |mib| mib << 20),
            depth: self.max_depth.unwrap_or(usual.depth),
            ratio: self.max_ratio.unwrap_or(usual.ratio),
            ..usual
        };
        Ok(Options {
            limits,
            time_field: self.time.clone(),
            zone: self.zone()?,
            spool,
            interrupted: cancel.clone(),
            threads,
        })
    }
}

/// A moment named by a user for `option`: RFC 3339, or a date or time in the zone.
///
/// # Errors
/// [`HuntError::Usage`] if it is no time.
pub fn moment(
    option: &str,
    text: Option<&str>,
    zone: &TimeZone,
) -> Result<Option<jiff::Timestamp>, HuntError> {
    let Some(text) = text else { return Ok(None) };
    let date = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() <= 10);
    let at_midnight = date.and_then(|d| d.to_zoned(zone.clone()).ok()).map(|z| z.timestamp());
    let parsed = at_midnight.or_else(|| {
        let micros = lanner_read::parse_time(text, zone)?;
        jiff::Timestamp::from_microsecond(micros).ok()
    });
    parsed.map(Some).ok_or_else(|| {
        HuntError::Usage(format!(
            "{option} {text:?} is no time; write 2026-01-31 or 2026-01-31T08:00:00Z"
        ))
    })
}

/// The number of threads: those asked for, or one a core.
pub fn threads(asked: Option<usize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    asked.filter(|&t| t > 0).unwrap_or_else(cores)
}
