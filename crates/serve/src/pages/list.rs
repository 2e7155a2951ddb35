//! A list of any table: filters, order and pages in its address, fifty rows at a time.

mod groups;

use super::{Frame, Page, html};
use crate::bench::Bench;
use crate::error::PageError;
use crate::quote;
use crate::select::Listing;
use crate::table::{Grid, figure, moment};
use crate::view::{Op, View, address};
use askama::Template;
use axum::response::{IntoResponse, Redirect};
use groups::Groups;
use lanner_report::words::{Shown, grouped};

/// Rows of a page.
const ROWS: usize = 50;
/// Characters of a cell that are fetched, and that are shown.
const CELL: (usize, usize) = (400, 56);

/// How the cells of a column are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// Text that leads to the page of what it names.
    Entity,
    Number,
    Time,
    /// So many votes of so many models.
    Votes(usize),
    /// A number that leads under this path.
    Link(&'static str),
    /// A line under the others; the first that says something.
    Under,
}

/// A column of a list.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub name: String,
    pub label: String,
    pub form: Form,
}

impl Column {
    pub(super) fn new(name: &str, label: &str, form: Form) -> Self {
        Self { name: name.to_owned(), label: label.to_owned(), form }
    }
}

/// What a list is made of.
pub(super) struct List<'a> {
    pub tab: &'static str,
    pub title: &'static str,
    /// What a row is, in the plural.
    pub noun: &'static str,
    pub intro: String,
    pub path: &'static str,
    pub listing: Listing<'a>,
    pub columns: Vec<Column>,
    /// Columns that the address of a row is made of, besides.
    pub keys: Vec<&'a str>,
    /// A column that no two rows share; with it rows are found first and fetched then.
    pub unique: Option<&'a str>,
    /// The address of a row.
    pub href: &'a (dyn Fn(&Grid, usize) -> String + Sync),
    /// What the rows behind a line of a group are summed from.
    pub copies: Option<&'a str>,
    pub models: Vec<String>,
    /// Another list of the same kind, with its name.
    pub other: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage<'a> {
    frame: Frame,
    list: &'a List<'a>,
    view: &'a View,
    total: String,
    unit: String,
    chips: Vec<Chip>,
    hidden: Vec<(&'static str, String)>,
    names: Vec<String>,
    heads: Vec<Head>,
    rows: Vec<Row>,
    groups: Option<Groups>,
    pager: Pager,
    clear: String,
    sql: String,
    csv: String,
}

/// A filter in force, and the address without it.
struct Chip {
    text: Shown,
    without: String,
}

/// The head of a column.
struct Head {
    label: Shown,
    href: String,
    sorted: &'static str,
    num: bool,
}

struct Row {
    href: String,
    cells: Vec<Cell>,
    under: Option<Shown>,
}

/// A cell: text, where it leads, and how many of how many votes it stands for.
struct Cell {
    text: Option<Shown>,
    href: Option<String>,
    class: &'static str,
    votes: Option<(usize, usize)>,
}

struct Pager {
    from: String,
    to: String,
    before: Option<String>,
    after: Option<String>,
}

impl List<'_> {
    /// Answers an address.
    pub(super) async fn answer(&self, bench: &Bench, pairs: &[(String, String)]) -> Page {
        let columns: Vec<&str> =
            self.listing.schema.fields().iter().map(|f| f.name().as_str()).collect();
        let view = View::parse(pairs, &columns);
        if super::given(pairs, "fc").is_some() {
            // What the form sends is made into the address that says the same shortly.
            return Ok(Redirect::to(&view.at(self.path)).into_response());
        }
        let (table, condition) = (self.listing.table, self.listing.condition(&view));
        let count = format!("SELECT count(*) AS n FROM {table}{condition}");
        let (total, rows, groups) = if let Some(by) = &view.by {
            let (total, groups) =
                tokio::join!(bench.ask(&count, 1), self.groups(bench, &view, by, &condition));
            (total?, None, Some(groups?))
        } else {
            let (total, rows) =
                tokio::join!(bench.ask(&count, 1), self.rows(bench, &view, &condition));
            (total?, Some(rows?), None)
        };
        let total = total.count(0, "n");
        let all =
            format!("SELECT * FROM {table}{condition} ORDER BY {}", self.listing.order(&view));
        let page = ListPage {
            frame: Frame::new(bench, self.title, self.tab),
            total: grouped(total),
            unit: self.noun.to_owned(),
            chips: self.chips(&view),
            hidden: hidden(&view),
            names: columns.iter().map(|c| (*c).to_owned()).collect(),
            heads: self.heads(&view),
            rows: rows.map_or_else(Vec::new, |grid| self.shown(&grid)),
            groups,
            pager: self.pager(&view, total),
            clear: View { all: view.all, ..View::default() }.at(self.path),
            sql: address("/sql", &[("q", format!("{all} LIMIT 100"))]),
            csv: address("/sql.csv", &[("q", all)]),
            list: self,
            view: &view,
        };
        html(&page)
    }

    /// The rows of the page.
    async fn rows(&self, bench: &Bench, view: &View, condition: &str) -> Result<Grid, PageError> {
        let (table, order) = (self.listing.table, self.listing.order(view));
        let place =
            format!("ORDER BY {order} LIMIT {ROWS} OFFSET {}", view.page.saturating_mul(ROWS));
        let wanted = self.wanted();
        let Some(unique) = self.unique else {
            let sql = format!("SELECT {wanted} FROM {table}{condition} {place}");
            return bench.ask(&sql, ROWS).await;
        };
        let unique = quote::name(unique);
        let found = format!("SELECT {unique} FROM {table}{condition} {place}");
        let found = bench.ask(&found, ROWS).await?;
        let ids: Vec<&str> = (0..found.rows()).filter_map(|i| found.at(i, 0)).collect();
        if ids.is_empty() {
            return Ok(found);
        }
        // The ids are whole numbers that the engine itself gave.
        let sql = format!(
            "SELECT {wanted} FROM {table} WHERE {unique} IN ({}) ORDER BY {order}",
            ids.join(", ")
        );
        bench.ask(&sql, ROWS).await
    }

    /// The columns to fetch, as SQL; text is cut where it is stored.
    fn wanted(&self) -> String {
        let names = self.columns.iter().map(|c| c.name.as_str()).chain(self.keys.iter().copied());
        let mut seen: Vec<&str> = Vec::new();
        let mut all = Vec::new();
        for name in names {
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            let quoted = quote::name(name);
            let field = self.listing.schema.field_with_name(name);
            let text = field.is_ok_and(|f| f.data_type().is_string());
            let whole = self.keys.contains(&name) || !text;
            all.push(if whole {
                quoted
            } else {
                format!("left({quoted}, {}) AS {quoted}", 2 * CELL.0)
            });
        }
        all.join(", ")
    }

    fn shown(&self, grid: &Grid) -> Vec<Row> {
        let row = |i: usize| {
            let plain = self.columns.iter().filter(|c| c.form != Form::Under);
            let under = self.columns.iter().filter(|c| c.form == Form::Under);
            let under = under.filter_map(|c| grid.get(i, &c.name)).find(|t| !t.is_empty());
            Row {
                href: (self.href)(grid, i),
                cells: plain.map(|c| cell(c, grid.get(i, &c.name))).collect(),
                under: under.map(|t| Shown::new(t, 220, 600)),
            }
        };
        (0..grid.rows()).map(row).collect()
    }

    fn heads(&self, view: &View) -> Vec<Head> {
        let plain = self.columns.iter().filter(|c| c.form != Form::Under);
        let head = |c: &Column| {
            let current = view.sort.as_deref() == Some(&c.name);
            // Numbers and times are looked at from the largest.
            let first = matches!(c.form, Form::Number | Form::Time | Form::Votes(_));
            let descending = if current { !view.descending } else { first };
            Head {
                label: Shown::new(&c.label, 40, 200),
                href: view.with(self.path, |v| {
                    v.sort = Some(c.name.clone());
                    v.descending = descending;
                }),
                sorted: match (current, view.descending) {
                    (false, _) => "none",
                    (true, false) => "ascending",
                    (true, true) => "descending",
                },
                num: c.form == Form::Number,
            }
        };
        plain.map(head).collect()
    }

    fn chips(&self, view: &View) -> Vec<Chip> {
        let mut chips = Vec::new();
        let mut add = |text: String, change: &dyn Fn(&mut View)| {
            let without = view.with(self.path, |v| change(v));
            chips.push(Chip { text: Shown::new(&text, 80, 300), without });
        };
        for (i, f) in view.filters.iter().enumerate() {
            let text = format!("{} {} {}", f.column, f.op.words(), f.value);
            add(text, &|v| drop(v.filters.remove(i)));
        }
        if !view.text.is_empty() {
            add(format!("text {}", view.text), &|v| v.text.clear());
        }
        if let Some(rank) = view.rank {
            add(format!("{rank} votes or more"), &|v| v.rank = None);
        }
        if !view.model.is_empty() {
            add(format!("{} voted", view.model), &|v| v.model.clear());
        }
        if !view.since.is_empty() {
            add(format!("from {}", view.since), &|v| v.since.clear());
        }
        if !view.until.is_empty() {
            add(format!("before {}", view.until), &|v| v.until.clear());
        }
        chips
    }

    fn pager(&self, view: &View, total: u64) -> Pager {
        let from = view.page.saturating_mul(ROWS) as u64;
        let to = from.saturating_add(ROWS as u64).min(total);
        let page = |page: usize| View { page, ..view.clone() }.at(self.path);
        Pager {
            from: grouped(from.saturating_add(1).min(total)),
            to: grouped(to),
            before: (view.page > 0).then(|| page(view.page - 1)),
            after: (to < total).then(|| page(view.page + 1)),
        }
    }
}

/// What the form keeps besides its own fields.
fn hidden(view: &View) -> Vec<(&'static str, String)> {
    let own = ["q", "rank", "model", "since", "until", "by", "page"];
    view.pairs().into_iter().filter(|(key, _)| !own.contains(key)).collect()
}

/// The page of what a value names; none of a huge or missing one.
pub(super) fn entity(field: &str, value: Option<&str>) -> Option<String> {
    let value = value.filter(|v| v.len() <= CELL.0)?;
    Some(address("/entity", &[("field", field.to_owned()), ("value", value.to_owned())]))
}

fn cell(column: &Column, value: Option<&str>) -> Cell {
    let text = value.map(|v| match column.form {
        Form::Text | Form::Entity | Form::Under => Shown::new(v, CELL.1, CELL.0),
        Form::Number | Form::Link(_) | Form::Votes(_) => Shown::new(&figure(v), 40, 40),
        Form::Time => Shown::new(&moment(v), 40, 40),
    });
    let (class, votes) = match column.form {
        Form::Text | Form::Entity | Form::Under => ("log", None),
        Form::Number => ("num", None),
        Form::Link(_) => ("id", None),
        Form::Time => ("when-cell", None),
        Form::Votes(of) => ("votes", value.and_then(|v| v.parse().ok()).map(|k| (k, of))),
    };
    let href = match column.form {
        Form::Entity => entity(&column.name, value),
        Form::Link(path) => value.map(|v| format!("{path}{v}")),
        _ => None,
    };
    Cell { text, href, class, votes }
}
