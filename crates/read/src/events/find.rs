//! Which files hold Windows events.

use crate::discover::Found;
use crate::error::{Damage, ReadError};
use crate::json::{Layout, Splitter};
use crate::select::{Look, look_at_all, reason_of, skipped};
use crate::source::Source;
use crate::window::Window;
use crate::{InputFile, Options};

/// What is read, in a sentence.
const EXPECTED: &str = "a Windows event log (EVTX), or its export as JSON with one event an object";

/// Where the records of a JSON export are.
pub(super) const LAYOUT: Layout = Layout {
    wrappers: &[],
    is_field: |key| matches!(key, b"Event" | b"@timestamp" | b"_index" | b"winlog"),
};

/// The files that hold Windows events, or nothing at all; the others are skipped.
pub(super) fn choose(found: &mut Found, options: &Options) -> Result<Vec<InputFile>, ReadError> {
    let candidates = std::mem::take(&mut found.candidates);
    let mut files = Vec::new();
    for (candidate, look) in candidates.iter().zip(look_at_all(&candidates, options)?) {
        let reason = match look {
            Look::Known(file, format) => match misfit(&file, format.card().title, options)? {
                None => {
                    files.push(file);
                    continue;
                }
                Some(reason) if candidate.named => return Err(file.unfit(&reason, EXPECTED)),
                Some(reason) => reason,
            },
            Look::Error(error) if candidate.named => return Err(error),
            Look::Error(error) => reason_of(&error),
            Look::Unfit(reason) => reason,
        };
        found.skipped.push(skipped(&candidate.shown, &candidate.path, reason));
    }
    Ok(files)
}

/// Why a file of a known format holds no Windows events, if it does not.
fn misfit(file: &InputFile, title: &str, options: &Options) -> Result<Option<String>, ReadError> {
    match file.format {
        "evtx" | "empty" => Ok(None),
        "json" => Ok((!begins_with_event(file, options)?)
            .then(|| "JSON whose first record is no event of a Windows log".to_owned())),
        _ => Ok(Some(format!("{title}, which holds no Windows events"))),
    }
}

/// Is the first record of a JSON file that can be read an event, or is there none?
fn begins_with_event(file: &InputFile, options: &Options) -> Result<bool, ReadError> {
    let source = Source::open(&file.path, options).map_err(|e| file.unreadable(e))?;
    let mut splitter = Splitter::new(Window::new(source), LAYOUT, &options.limits);
    while let Some(item) = splitter.next() {
        options.interrupted.check()?;
        if item.damage.is_none() {
            let text = String::from_utf8_lossy(splitter.bytes(&item));
            return Ok(!matches!(super::scan::event(&text), Err(Damage::NoEvent)));
        }
    }
    Ok(true)
}
