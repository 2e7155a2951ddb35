//! Which of the files are read: each is recognised by its content, one kind of log is chosen.

use crate::discover::{Candidate, Found};
use crate::error::ReadError;
use crate::formats::{ALL, Claim, Format, Head, Survey};
use crate::source::Source;
use crate::{InputFile, Kind, Options, Skipped};
use lanner_frame::Workers;
use rayon::prelude::*;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Bytes of a file that decide its format.
const HEAD: usize = 64 << 10;

/// A file that is read, and what is known of it.
pub(crate) type Chosen = (InputFile, Box<dyn Survey>);

/// What became of a candidate.
pub(crate) enum Look {
    Known(InputFile, &'static dyn Format),
    Unfit(String),
    Error(ReadError),
}

/// Recognises all candidates, chooses the kind of log, learns the columns of its files.
pub(crate) fn select(
    found: &mut Found,
    options: &Options,
) -> Result<(Kind, Vec<Chosen>), ReadError> {
    let candidates = std::mem::take(&mut found.candidates);
    let looks = look_at_all(&candidates, options)?;
    let chosen = choose(&looks);
    let mut files = Vec::new();
    for (candidate, look) in candidates.iter().zip(looks) {
        let reason = match look {
            Look::Known(file, format) if fits(format, chosen) => {
                files.push((file, format, candidate.named));
                continue;
            }
            Look::Known(file, format) => {
                let (is, wanted) = (format.card().title, chosen.map_or("", |f| f.card().title));
                if candidate.named {
                    return Err(file.unfit(is, &format!("{wanted} as the other inputs are")));
                }
                format!("{is}, while the other files are {wanted}")
            }
            Look::Error(error) if candidate.named => return Err(error),
            Look::Error(error) => reason_of(&error),
            Look::Unfit(reason) => reason,
        };
        found.skipped.push(skipped(&candidate.shown, &candidate.path, reason));
    }
    let surveys: Vec<_> = workers(options)?.run(|| {
        let survey = |(file, format, _): &(InputFile, &dyn Format, bool)| {
            contained(file, || format.survey(file, options))
        };
        files.par_iter().map(survey).collect()
    });
    options.interrupted.check()?;
    let mut chosen_files = Vec::with_capacity(files.len());
    for ((file, _, named), survey) in files.into_iter().zip(surveys) {
        match survey {
            Ok(survey) => chosen_files.push((file, survey)),
            Err(error @ (ReadError::Cancelled(_) | ReadError::TooManyColumns { .. })) => {
                return Err(error);
            }
            Err(error) if named => return Err(error),
            Err(error) => {
                found.skipped.push(skipped(&file.shown, &file.path, reason_of(&error)));
            }
        }
    }
    let kind = chosen.and_then(|format| format.card().kind).unwrap_or(Kind::Table);
    Ok((kind, chosen_files))
}

fn workers(options: &Options) -> Result<Workers, ReadError> {
    Workers::new(options.threads).map_err(|_| ReadError::Threads)
}

/// Recognises all candidates, in their order.
pub(crate) fn look_at_all(
    candidates: &[Candidate],
    options: &Options,
) -> Result<Vec<Look>, ReadError> {
    let looks = workers(options)?.run(|| candidates.par_iter().map(|c| look(c, options)).collect());
    options.interrupted.check()?;
    Ok(looks)
}

pub(crate) fn skipped(shown: &str, path: &Path, reason: String) -> Skipped {
    let bytes = fs::metadata(path).map_or(0, |m| m.len());
    Skipped { path: shown.to_owned(), bytes, reason }
}

/// Runs a reader; a panic inside it means that the file cannot be read.
fn contained<T>(
    file: &InputFile,
    read: impl FnOnce() -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let reason = format!("damaged so that it cannot be read ({})", file.format);
        Err(file.unfit(&reason, "a sound file"))
    })
}

/// The reason alone: a list of skipped files names the file itself.
pub(crate) fn reason_of(error: &ReadError) -> String {
    match error {
        ReadError::Unfit { reason, .. } => reason.clone(),
        ReadError::Unreadable { source, .. } => format!("cannot be read: {source}"),
        other => other.to_string(),
    }
}

/// Recognises one file.
fn look(candidate: &Candidate, options: &Options) -> Look {
    let mut file = InputFile {
        path: candidate.path.clone(),
        shown: candidate.shown.clone(),
        bytes: 0,
        format: "",
        compression: crate::Compression::None,
    };
    let result = contained(&file.clone(), || recognise(&mut file, options));
    match result {
        Ok(Ok(format)) => Look::Known(file, format),
        Ok(Err(reason)) => Look::Unfit(reason),
        Err(error) => Look::Error(error),
    }
}

/// Finds the format of a file; or why it holds no record, if a format knows.
fn recognise(
    file: &mut InputFile,
    options: &Options,
) -> Result<Result<&'static dyn Format, String>, ReadError> {
    let source = Source::open(&file.path, options).map_err(|e| file.unreadable(e))?;
    file.bytes = fs::metadata(&file.path).map_or(0, |m| m.len());
    file.compression = source.compression();
    let (bytes, whole) = source.head(HEAD);
    let head = Head { bytes: &bytes, whole };
    let extension = extension(&file.shown);
    let mut best: (Claim, bool, Option<&'static dyn Format>) = (Claim::No, false, None);
    for &format in ALL {
        let claim = format.claim(&head);
        let named = format.card().extensions.contains(&extension.as_str());
        if let Claim::Skip(reason) = claim {
            return Ok(Err(reason.to_owned()));
        }
        let counts = claim > Claim::Named || claim == Claim::Named && named;
        if counts && (claim, named) > (best.0, best.1) {
            best = (claim, named, Some(format));
        }
        if claim == Claim::Sure {
            break;
        }
    }
    let format = best.2.ok_or_else(|| file.unfit("not a log that Lanner reads", &titles()))?;
    file.format = format.card().id;
    Ok(Ok(format))
}

/// The ending of a file name, without that of its compression, in lower case.
fn extension(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let plain = [".gz", ".gzip", ".zst", ".zstd"].iter().find_map(|end| name.strip_suffix(end));
    let plain = plain.unwrap_or(&name);
    plain.rsplit_once('.').map_or(String::new(), |(_, end)| end.to_owned())
}

fn titles() -> String {
    let titles: Vec<_> =
        ALL.iter().filter(|f| f.card().kind.is_some()).map(|f| f.card().title).collect();
    titles.join(", ")
}

/// The format whose files are read: `CloudTrail` where there is any, else that of most bytes.
fn choose(looks: &[Look]) -> Option<&'static dyn Format> {
    let bytes = |wanted: &&'static dyn Format| -> Option<u64> {
        let of = looks.iter().filter_map(|look| match look {
            Look::Known(file, format) if same(*format, *wanted) => Some(file.bytes),
            _ => None,
        });
        of.fold(None, |sum, bytes| Some(sum.unwrap_or(0) + bytes))
    };
    let present = || ALL.iter().filter_map(|f| bytes(f).map(|n| (*f, n)));
    let rank = |format: &dyn Format| match format.card().kind {
        Some(Kind::CloudTrail) => 2,
        Some(Kind::Table) => 1,
        None => 0,
    };
    // Of equals the first of the list; `max_by_key` gives the last.
    let all: Vec<_> = present().collect();
    all.into_iter().rev().max_by_key(|&(format, bytes)| (rank(format), bytes)).map(|(f, _)| f)
}

fn same(a: &dyn Format, b: &dyn Format) -> bool {
    a.card().id == b.card().id
}

fn fits(format: &'static dyn Format, chosen: Option<&'static dyn Format>) -> bool {
    format.card().kind.is_none() || chosen.is_some_and(|chosen| same(format, chosen))
}
