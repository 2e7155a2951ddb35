//! A list grouped by a column: each value with how many lines and rows have it.

use super::{CELL, List};
use crate::bench::Bench;
use crate::error::PageError;
use crate::quote;
use crate::table::figure;
use crate::view::{Filter, View};
use lanner_report::words::{Shown, grouped};

/// Groups that are shown.
const GROUPS: usize = 200;

/// A list grouped by a column.
pub(super) struct Groups {
    pub by: Shown,
    pub lines: Vec<Group>,
    pub timed: bool,
    pub scored: bool,
    pub more: bool,
}

pub(super) struct Group {
    pub value: Option<Shown>,
    pub href: String,
    pub lines: String,
    pub rows: String,
    pub share: String,
    pub top: String,
    pub first: String,
    pub last: String,
}

impl List<'_> {
    /// The groups of a state, the largest first.
    pub(super) async fn groups(
        &self,
        bench: &Bench,
        view: &View,
        by: &str,
        condition: &str,
    ) -> Result<Groups, PageError> {
        let scored = self.listing.schema.column_with_name("score").is_some();
        let rows =
            self.copies.map_or("count(*)".to_owned(), |c| format!("sum({})", quote::name(c)));
        let top = if scored { "max(\"score\")" } else { "0" };
        let (first, last) = match self.listing.times {
            Some((first, last)) => {
                (format!("min({})", quote::name(first)), format!("max({})", quote::name(last)))
            }
            None => ("NULL".to_owned(), "NULL".to_owned()),
        };
        let sql = format!(
            "SELECT left(CAST({by} AS VARCHAR), {cut}) AS value, count(*) AS lines, {rows} AS rows, \
             {top} AS top, {first} AS first, {last} AS last FROM {table}{condition} GROUP BY 1 \
             ORDER BY rows DESC, value LIMIT {limit}",
            by = quote::name(by),
            cut = CELL.0 + 1,
            table = self.listing.table,
            limit = GROUPS + 1,
        );
        let grid = bench.ask(&sql, GROUPS + 1).await?;
        let shown = grid.rows().min(GROUPS);
        let most = (0..shown).map(|i| grid.count(i, "rows")).max().unwrap_or(1).max(1);
        let group = |i: usize| {
            let value = grid.get(i, "value");
            let rows = grid.count(i, "rows");
            Group {
                value: value.map(|v| Shown::new(v, 90, 300)),
                href: view.with(self.path, |v| {
                    v.by = None;
                    v.filters.push(Filter::value(by, value));
                }),
                lines: grouped(grid.count(i, "lines")),
                rows: grouped(rows),
                share: format!("{:.2}", 100.0 * rows as f64 / most as f64),
                top: grid.get(i, "top").map(figure).unwrap_or_default(),
                first: grid.time(i, "first"),
                last: grid.time(i, "last"),
            }
        };
        Ok(Groups {
            by: Shown::new(by, 60, 200),
            lines: (0..shown).map(group).collect(),
            timed: self.listing.times.is_some(),
            scored,
            more: grid.rows() > GROUPS,
        })
    }
}
