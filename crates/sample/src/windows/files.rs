//! The sample as EVTX files, a folder for each computer, and what is true of it.

use super::{TrueSession, WindowsEvent, windows};
use crate::SampleError;
use lanner_evtx::{Body, Event, Writer};
use lanner_frame::Cancel;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Name of the file that says what is true.
const TRUTH: &str = "truth.csv";

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// Sessions in all, the planted ones among them.
    pub sessions: u64,
    /// Planted sessions, at most all; each of the [`KINDS`](super::KINDS) comes once before any comes again.
    pub attacks: u64,
    /// Seed of everything.
    pub seed: u64,
}

impl Default for Windows {
    fn default() -> Self {
        Self { sessions: 600, attacks: 12, seed: 1 }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenLogs {
    /// EVTX files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Events.
    pub events: u64,
    /// Sessions behind them.
    pub sessions: u64,
    /// Planted sessions.
    pub planted: u64,
    /// The file with a line for each session: `start,end,computer,user,address,planted`.
    pub truth: PathBuf,
}

/// Writes a sample as EVTX files, one for each log of each computer: `COMPUTER/LOG.evtx` and
/// `truth.csv` below `out`. The same numbers give the same bytes.
///
/// The folder appears complete or not at all. Without `overwrite` nothing that exists is touched; with it
/// a folder is replaced if all it holds is such a sample.
///
/// # Errors
/// [`SampleError`] if something is in the way, a file cannot be written, or the work was cancelled.
///
/// # Cost
/// O(sessions) time; memory for all events, some 40 KiB a session.
pub fn write_windows(
    spec: Windows,
    out: &Path,
    overwrite: bool,
    cancel: &Cancel,
) -> Result<WrittenLogs, SampleError> {
    make_room(out, overwrite)?;
    let made = windows(spec.sessions, spec.attacks, spec.seed);
    cancel.check()?;
    let parent = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| SampleError::io(&path, source)
    };
    fs::create_dir_all(parent).map_err(io(parent))?;
    let stage =
        tempfile::Builder::new().prefix(".sample-").tempdir_in(parent).map_err(io(parent))?;
    let data = stage.path().join("data");
    fs::create_dir(&data).map_err(io(&data))?;
    let mut logs: BTreeMap<(&str, &str), Vec<&WindowsEvent>> = BTreeMap::new();
    for event in &made.events {
        logs.entry((&event.computer, event.channel)).or_default().push(event);
    }
    let mut bytes = 0;
    for ((computer, channel), events) in &logs {
        cancel.check()?;
        let folder = data.join(computer);
        fs::create_dir_all(&folder).map_err(io(&folder))?;
        // Windows writes a slash in the name of a channel like this.
        let path = folder.join(format!("{}.evtx", channel.replace('/', "%4")));
        write_log(&path, events).map_err(io(&path))?;
        bytes += fs::metadata(&path).map_err(io(&path))?.len();
    }
    let truth = data.join(TRUTH);
    fs::write(&truth, lines(&made.truth)).map_err(io(&truth))?;
    if out.exists() {
        fs::remove_dir_all(out).map_err(io(out))?;
    }
    fs::rename(&data, out).map_err(io(out))?;
    Ok(WrittenLogs {
        files: logs.len() as u64,
        bytes,
        events: made.events.len() as u64,
        sessions: made.truth.len() as u64,
        planted: made.truth.iter().filter(|t| t.planted.is_some()).count() as u64,
        truth: out.join(TRUTH),
    })
}

/// Fails unless the place is free, or holds a sample that may be replaced.
fn make_room(out: &Path, overwrite: bool) -> Result<(), SampleError> {
    if !out.exists() {
        return Ok(());
    }
    if !overwrite {
        return Err(SampleError::Exists { path: out.to_owned() });
    }
    let list = |folder: &Path| -> Result<Vec<PathBuf>, SampleError> {
        let entries = fs::read_dir(folder).map_err(|source| SampleError::io(folder, source))?;
        let paths = entries.map(|e| e.map(|e| e.path()));
        paths.collect::<io::Result<_>>().map_err(|source| SampleError::io(folder, source))
    };
    let mut found = list(out)?;
    found.retain(|path| !path.ends_with(TRUTH));
    for path in found {
        let of_sample = path.is_dir()
            && list(&path)?.iter().all(|p| p.extension().is_some_and(|end| end == "evtx"));
        if !of_sample {
            let found = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(SampleError::NotASample { folder: out.to_owned(), found });
        }
    }
    Ok(())
}

fn write_log(path: &Path, events: &[&WindowsEvent]) -> io::Result<()> {
    let mut writer = Writer::new(BufWriter::new(File::create(path)?))?;
    for made in events {
        writer.push(&event(made), body(made))?;
    }
    writer.finish()?.into_inner().map(drop).map_err(io::IntoInnerError::into_error)
}

/// An event with the fields that every event of its log has.
fn event(made: &WindowsEvent) -> Event {
    let security = made.channel == "Security";
    let keywords = match made.event_id {
        4625 => "0x8010000000000000",
        1102 => "0x4020000000000000",
        _ if security => "0x8020000000000000",
        7036 | 7045 => "0x8080000000000000",
        _ => "0x1000000000000000",
    };
    let level = if security && made.event_id != 1102 { "0" } else { "4" };
    let system = [("Version", "0"), ("Level", level), ("Keywords", keywords)];
    Event {
        time: Some(made.time),
        channel: made.channel.to_owned(),
        provider: made.provider.to_owned(),
        event_id: made.event_id,
        record_id: made.record_id,
        computer: made.computer.clone(),
        user_sid: made.user_sid.clone(),
        system: system.map(|(name, value)| (name, value.to_owned())).to_vec(),
        data: made.data.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        ..Event::default()
    }
}

fn body(made: &WindowsEvent) -> Body<'static> {
    match (made.user_data, made.event_id) {
        (false, _) => Body::EventData,
        (true, 1102) => Body::UserData {
            element: "LogFileCleared",
            namespace: "http://manifests.microsoft.com/win/2004/08/windows/eventlog",
        },
        (true, _) => Body::UserData { element: "EventXML", namespace: "Event_NS" },
    }
}

fn lines(truth: &[TrueSession]) -> String {
    let mut text = "start,end,computer,user,address,planted\n".to_owned();
    for TrueSession { start, end, computer, user, address, planted } in truth {
        let planted = planted.unwrap_or_default();
        let _ = writeln!(text, "{start},{end},{computer},{user},{address},{planted}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_evtx::Item;
    use std::ops::ControlFlow;

    fn read(path: &Path) -> Vec<Event> {
        let mut events = Vec::new();
        let cancel = Cancel::default();
        let mut keep = |_, items: Vec<Item>| {
            events.extend(items.into_iter().filter_map(|item| match item {
                Item::Event(event) => Some(event),
                Item::Lost(_) => None,
            }));
            ControlFlow::Continue(())
        };
        let file = File::open(path).unwrap();
        let account = lanner_evtx::read(file, 0, &cancel, &|items| items, &mut keep);
        assert_eq!(account.unwrap().lost, 0);
        events
    }

    #[test]
    fn what_is_written_is_read_again_and_the_truth_is_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("logs");
        let spec = Windows { sessions: 20, attacks: 6, seed: 3 };
        let written = write_windows(spec, &out, false, &Cancel::default()).unwrap();
        assert_eq!((written.files, written.sessions, written.planted), (5, 20, 6));
        let made = windows(20, 6, 3);
        let mut read_again = 0;
        for entry in fs::read_dir(out.join("TS01.corp.example")).unwrap() {
            let events = read(&entry.unwrap().path());
            read_again += events.len();
            let first = &events[0];
            let wanted = made.events.iter().find(|e| e.channel == first.channel).unwrap();
            assert_eq!((first.event_id, first.time), (wanted.event_id, Some(wanted.time)));
            // An empty value reads as none.
            let data = wanted.data.iter().filter(|(_, value)| !value.is_empty());
            let data: Vec<(&str, &str)> = data.map(|(n, v)| (*n, v.as_str())).collect();
            let found: Vec<(&str, &str)> =
                first.data.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            assert_eq!(found, data);
        }
        assert_eq!(read_again, made.events.len());
        let truth = fs::read_to_string(&written.truth).unwrap();
        assert_eq!(truth.lines().count(), 21);
        assert!(truth.contains("10.20.") && truth.contains(",log_clearing\n"), "{truth}");
    }

    #[test]
    fn only_a_sample_is_replaced_and_only_if_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("logs");
        let spec = Windows { sessions: 3, attacks: 0, seed: 1 };
        let write = |overwrite| write_windows(spec, &out, overwrite, &Cancel::default());
        write(false).unwrap();
        assert!(matches!(write(false), Err(SampleError::Exists { .. })));
        write(true).unwrap();
        fs::write(out.join("TS01.corp.example/notes.txt"), "mine").unwrap();
        assert!(matches!(write(true), Err(SampleError::NotASample { .. })));
        assert!(out.join("TS01.corp.example/notes.txt").exists());
    }
}
