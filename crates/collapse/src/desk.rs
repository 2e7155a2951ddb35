//! A finished hunt kept open: many questions to the same tables, one after another or at a time.

use crate::local::{Memory, session};
use crate::query::{Columns, planned, register};
use crate::sql::{Names, no_column, statement};
use crate::{CollapseError, Tables};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use futures::StreamExt;

/// Tables of a finished hunt, opened once.
pub struct Desk {
    session: SessionContext,
    schemas: Vec<(String, SchemaRef)>,
    columns: Vec<String>,
}

/// The answer to a question.
#[derive(Debug)]
pub struct Answer {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows, not more than were asked for.
    pub batches: Vec<RecordBatch>,
    /// Were there more rows?
    pub more: bool,
}

impl Answer {
    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

impl Desk {
    /// Opens the tables. All questions together take at most `memory`.
    ///
    /// # Errors
    /// [`CollapseError`] if a table cannot be read.
    pub async fn open(
        tables: &Tables,
        threads: usize,
        memory: Memory,
    ) -> Result<Self, CollapseError> {
        let session = session(threads.max(1), memory)?;
        let schemas = register(&session, tables).await?;
        let mut columns = Columns::default();
        for (_, schema) in &schemas {
            columns.learn(schema);
        }
        Ok(Self { session, schemas, columns: columns.0 })
    }

    /// The columns of a table, if there is one of that name.
    pub fn schema(&self, table: &str) -> Option<&Schema> {
        self.schemas.iter().find(|(name, _)| name == table).map(|(_, schema)| schema.as_ref())
    }

    /// Names and columns of all tables.
    pub fn tables(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.schemas.iter().map(|(name, schema)| (name.as_str(), schema.as_ref()))
    }

    /// Answers one SELECT with at most `most` rows. Whoever drops the future stops the work.
    ///
    /// # Errors
    /// [`CollapseError`] for bad SQL, a statement that would change anything, or too little memory.
    pub async fn ask(&self, sql: &str, most: usize) -> Result<Answer, CollapseError> {
        let parsed = self.parsed(sql)?;
        // One row more than wanted says whether there are more; a sort keeps no others.
        let plan = match planned(&self.session, parsed).await? {
            said @ (LogicalPlan::Explain(_) | LogicalPlan::Analyze(_)) => said,
            plan => {
                LogicalPlanBuilder::from(plan).limit(0, Some(most.saturating_add(1)))?.build()?
            }
        };
        let mut stream = self.session.execute_logical_plan(plan).await?.execute_stream().await?;
        let schema = stream.schema();
        let (mut batches, mut left, mut more) = (Vec::new(), most, false);
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            let taken = batch.num_rows().min(left);
            more = taken < batch.num_rows();
            left -= taken;
            if taken > 0 {
                batches.push(batch.slice(0, taken));
            }
            if more {
                break;
            }
        }
        Ok(Answer { schema, batches, more })
    }

    fn parsed(&self, sql: &str) -> Result<Statement, CollapseError> {
        let columns = self.columns.clone();
        let names = Names { columns, path: &|_| false, unknown: &no_column };
        Ok(statement(&self.session.state(), sql, &names)?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::runtime;
    use arrow::array::{ArrayRef, Int64Array};
    use std::sync::Arc;

    fn desk(rows: i64) -> (tokio::runtime::Runtime, Desk) {
        let column: ArrayRef = Arc::new((0..rows).collect::<Int64Array>());
        let batch = RecordBatch::try_from_iter([("a.n", column)]).unwrap();
        let tables = Tables { files: Vec::new(), batches: vec![("numbers".to_owned(), batch)] };
        let runtime = runtime(2).unwrap();
        let desk = runtime.block_on(Desk::open(&tables, 2, Memory::default())).unwrap();
        (runtime, desk)
    }

    #[test]
    fn an_answer_is_cut_and_says_so() {
        let (runtime, desk) = desk(10);
        let ask = |sql: &str, most| runtime.block_on(desk.ask(sql, most));
        let cut = ask("SELECT a.n FROM numbers", 4).unwrap();
        assert_eq!((cut.rows(), cut.more), (4, true));
        let whole = ask("SELECT \"a.n\" FROM numbers", 10).unwrap();
        assert_eq!((whole.rows(), whole.more), (10, false));
    }

    #[test]
    fn nothing_but_reading_is_answered() {
        let (runtime, desk) = desk(1);
        let refused = [
            "DROP TABLE numbers",
            "CREATE TABLE x AS SELECT 1",
            "INSERT INTO numbers VALUES (1)",
            "COPY numbers TO 'x.csv'",
            "SET datafusion.execution.batch_size = 1",
            "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/'",
            "SELECT 1; SELECT 2",
            "SELECT * FROM '/'",
        ];
        for sql in refused {
            assert!(runtime.block_on(desk.ask(sql, 1)).is_err(), "{sql}");
        }
        assert!(runtime.block_on(desk.ask("SELECT 1", 1)).is_ok());
    }
}
