//! The sample as `CloudTrail` delivers it: compressed files in folders of account, region and day.

use crate::SampleError;
use crate::draw::{hex, key};
use crate::record::Scribe;
use crate::traffic::{DAY, Event};
use crate::world::REGIONS;
use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lanner_frame::Rng;
use rayon::prelude::*;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

/// Lengths that a file may cover, in seconds.
const WINDOWS: [i64; 8] = [900, 1800, 3600, 7200, 14_400, 21_600, 43_200, DAY];
/// Events that the files of an account and region have on average, at least: as few files as that.
const EVENTS_PER_FILE: i64 = 150;

/// Writes the events of one day, which are ordered by time, below `root`. Returns the number of files.
pub(crate) fn write_day(
    scribe: &Scribe<'_>,
    root: &Path,
    events: &[Event],
) -> Result<u64, SampleError> {
    let files = files(scribe, events);
    files.par_iter().try_for_each(|file| write_file(scribe, root, file))?;
    Ok(files.len() as u64)
}

/// The events of one file: of one account and region, in a window of time.
fn files<'e>(scribe: &Scribe<'_>, events: &'e [Event]) -> Vec<Vec<&'e Event>> {
    let home = |event: &Event| (scribe.world.actors[event.actor as usize].account, event.region);
    let mut sorted: Vec<&Event> = events.iter().collect();
    sorted.sort_by_key(|event| home(event)); // stable: by time within
    let mut files = Vec::new();
    for part in sorted.chunk_by(|a, b| home(a) == home(b)) {
        let enough = |window: &&i64| part.len() as i64 * **window >= EVENTS_PER_FILE * DAY;
        let window = *WINDOWS.iter().find(enough).unwrap_or(&DAY);
        let of = |event: &Event| (scribe.start + event.at / 1000).div_euclid(window);
        files.extend(part.chunk_by(|a, b| of(a) == of(b)).map(<[_]>::to_vec));
    }
    files
}

fn write_file(scribe: &Scribe<'_>, root: &Path, events: &[&Event]) -> Result<(), SampleError> {
    let first = events[0];
    let account = &scribe.world.accounts[scribe.world.actors[first.actor as usize].account].id;
    let region = REGIONS[usize::from(first.region)];
    let at =
        Timestamp::from_second(scribe.start + first.at / 1000).expect("the times were checked");
    let at = at.to_zoned(TimeZone::UTC);
    let folder = format!("AWSLogs/{account}/CloudTrail/{region}/{}", at.strftime("%Y/%m/%d"));
    let id = {
        let mut rng = Rng::new(first.seed, 2);
        key(&mut rng, "", 8) + &hex(&mut rng, 8)
    };
    let name =
        format!("{account}_CloudTrail_{region}_{}_{id}.json.gz", at.strftime("%Y%m%dT%H%MZ"));
    let folder = root.join(folder);
    fs::create_dir_all(&folder).map_err(|source| SampleError::io(&folder, source))?;
    let path = folder.join(name);
    compress(scribe, &path, events).map_err(|source| SampleError::io(&path, source))
}

fn compress(scribe: &Scribe<'_>, path: &Path, events: &[&Event]) -> std::io::Result<()> {
    // Neither time nor system in the header: the same events make the same bytes.
    let gz = GzBuilder::new().operating_system(255).write(File::create(path)?, Compression::new(4));
    let mut out = BufWriter::with_capacity(64 * 1024, gz);
    out.write_all(b"{\"Records\":[")?;
    for (nth, event) in events.iter().enumerate() {
        if nth > 0 {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut out, &scribe.record(event))?;
    }
    out.write_all(b"]}")?;
    out.into_inner()?.finish()?;
    Ok(())
}
