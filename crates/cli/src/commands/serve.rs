//! `lanner serve`: the workbench on a finished hunt.

use crate::failure::Failure;
use lanner_collapse::Memory;
use lanner_frame::Cancel;
use lanner_pipeline::threads;
use lanner_report::Finished;
use lanner_serve::{Options, RowsSource, ServeError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Opens a local page on a finished hunt, or hunt for sessions: look, sift, understand.
///
/// The page is served to this machine only, at an address with a key in it that is new every time. It
/// fetches nothing from elsewhere and only reads the folder. Ctrl-C ends it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lanner serve found --open
  lanner hunt trail --out found --open")]
pub(crate) struct Args {
    /// Folder of a finished hunt
    dir: PathBuf,
    /// Port on 127.0.0.1 [default: any that is free]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Memory for all queries of the pages together.
const MEMORY: usize = 512 << 20;

pub(crate) fn run(args: Args, cancel: &Cancel) -> Result<(), Failure> {
    serve(&args.dir, args.port, threads(args.threads), args.open, cancel)
}

/// Serves until Ctrl-C, which is how it is meant to end.
pub(crate) fn serve(
    dir: &Path,
    port: u16,
    threads: usize,
    open: bool,
    cancel: &Cancel,
) -> Result<(), Failure> {
    let options = Options { port, threads, memory: Memory { bytes: MEMORY } };
    let rows = rows(dir.to_owned(), threads);
    let ready = |address: &str| {
        // A reader of our output that went away does not end the page.
        let _ = writeln!(anstream::stdout(), "{address}\nCtrl-C ends it.");
        let _ = std::io::stdout().flush();
        if open && !opened(address) {
            let _ =
                writeln!(anstream::stderr(), "no browser could be started; open the address above");
        }
    };
    lanner_serve::serve(dir, Some(rows), options, cancel, ready).map_err(|e| match e {
        ServeError::Report(e) => e.into(),
        ServeError::Table(e) => e.into(),
        other => Failure::failed(other),
    })
}

/// Opens the input of a hunt again for a query that reads `rows`.
fn rows(dir: PathBuf, threads: usize) -> RowsSource {
    Box::new(move |cancel| {
        let finished = Finished::open(&dir).map_err(|e| e.to_string())?;
        let rows = finished.rows(None, threads, cancel).map_err(|e| e.to_string())?;
        rows.ok_or_else(|| "the rows of this hunt are in its folder".to_owned())
    })
}

/// Starts the system's way of opening an address; says whether it could.
fn opened(address: &str) -> bool {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(opener);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}
