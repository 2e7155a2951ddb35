//! A finished hunt kept open: its tables, its pieces of pages, and what asks them.

use crate::ServeError;
use crate::error::PageError;
use crate::hunt::HuntBench;
use crate::table::Grid;
use arrow::datatypes::Schema;
use lanner_collapse::{Answer, Desk, Memory, Query, RowsTable, Tables};
use lanner_frame::Cancel;
use lanner_report::{AnyManifest, SessionsManifest, SessionsParts};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

/// Opens the input of a hunt again, with what the hunt said of each row; the error is for people.
pub type RowsSource = Box<dyn Fn(&Cancel) -> Result<RowsTable, String> + Send + Sync>;

/// How to serve.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Port on 127.0.0.1; 0 for any that is free.
    pub port: u16,
    /// Threads of the query engine.
    pub threads: usize,
    /// Memory for all queries together.
    pub memory: Memory,
}

/// Seconds after which a page is given up, and a query of the reader's own.
pub(crate) const PAGE_SECONDS: u64 = 30;
pub(crate) const QUERY_SECONDS: u64 = 120;

/// All that pages are made from.
pub(crate) struct Bench {
    pub desk: Desk,
    pub kind: Kind,
    pub options: Options,
    rows: Option<RowsSource>,
}

/// What was hunted for.
pub(crate) enum Kind {
    Hunt(Box<HuntBench>),
    Sessions(Box<SessionsManifest>, Box<SessionsParts>),
}

/// Where the page of a session is.
pub(crate) const SESSION: &str = "/session/";

impl Bench {
    pub(crate) async fn open(
        dir: &Path,
        rows: Option<RowsSource>,
        options: Options,
    ) -> Result<Self, ServeError> {
        let file = |name: &str| (name.to_owned(), dir.join(format!("{name}.parquet")));
        let (kind, tables) = match AnyManifest::read(dir)? {
            AnyManifest::Hunt(manifest) => {
                let hunt = HuntBench::open(dir, *manifest)?;
                let names = ["events", "tuples"].into_iter();
                let names = names.chain(hunt.incidents.then_some("incidents"));
                let files = names.chain(hunt.kept.then_some("rows")).map(file).collect();
                let batches =
                    vec![("models".to_owned(), lanner_report::models_table(&hunt.models)?)];
                (Kind::Hunt(Box::new(hunt)), Tables { files, batches })
            }
            AnyManifest::Sessions(manifest) => {
                let parts = SessionsParts::load(dir, SESSION)?;
                let files = ["sessions", "events"].map(file).into();
                (Kind::Sessions(manifest, Box::new(parts)), Tables { files, batches: Vec::new() })
            }
        };
        let desk = Desk::open(&tables, options.threads, options.memory).await?;
        Ok(Self { desk, kind, options, rows })
    }

    /// The hunt, where it was one for events.
    pub(crate) fn hunt(&self) -> Result<&HuntBench, PageError> {
        match &self.kind {
            Kind::Hunt(hunt) => Ok(hunt),
            Kind::Sessions(..) => {
                Err(PageError::Missing("A hunt for sessions has no such page.".into()))
            }
        }
    }

    /// The columns of a table.
    pub(crate) fn schema(&self, table: &str) -> Result<&Schema, PageError> {
        let none = || PageError::Missing(format!("There is no table of {table} here."));
        self.desk.schema(table).ok_or_else(none)
    }

    /// Answers a query of ours with at most `most` rows.
    pub(crate) async fn ask(&self, sql: &str, most: usize) -> Result<Grid, PageError> {
        let limit = Duration::from_secs(PAGE_SECONDS);
        let answer = tokio::time::timeout(limit, self.desk.ask(sql, most)).await;
        Grid::new(&answer.map_err(|_| PageError::Late(PAGE_SECONDS))??)
    }

    /// Answers a query of the reader's with at most `most` rows.
    pub(crate) async fn answer(&self, sql: &str, most: usize) -> Result<Answer, PageError> {
        let limit = Duration::from_secs(QUERY_SECONDS);
        let late = |_| PageError::Late(QUERY_SECONDS);
        let cancel = Cancel::default();
        let query = Query::new(sql, self.options.threads, self.options.memory, &cancel);
        let known = self.desk.schema("rows").is_some();
        let Some(source) =
            self.rows.as_ref().filter(|_| !known && query.reads("rows").unwrap_or(false))
        else {
            return Ok(tokio::time::timeout(limit, self.desk.ask(sql, most))
                .await
                .map_err(late)??);
        };
        // Reading the input again is work for threads of its own; whoever stops waiting stops it.
        let rows = source(&cancel).map_err(PageError::Asked)?;
        let _stop = Stop(cancel);
        let work = tokio::task::spawn_blocking(move || {
            let (mut batches, mut left, mut more) = (Vec::new(), most, false);
            let schema = query.run(&Tables::default(), Some(rows), &mut |batch| {
                let taken = batch.num_rows().min(left);
                more = taken < batch.num_rows();
                left -= taken;
                batches.push(batch.slice(0, taken));
                if more { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            Ok::<_, PageError>(Answer { schema, batches, more })
        });
        tokio::time::timeout(limit, work).await.map_err(late)?.map_err(PageError::ours)?
    }
}

/// Stops the work of a query when nobody waits for it any more.
struct Stop(Cancel);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.raise();
    }
}
