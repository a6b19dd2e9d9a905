//! A book's query that makes a reference out of a file with other columns.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SQLOptions;

use super::engine::{Engine, first_line, register};
use super::inspect::float_in;
use crate::error::{Error, Result};

/// Columns and rows of text; a null is an empty text.
pub type Texts = (Vec<String>, Vec<Vec<String>>);

impl Engine {
    /// Runs `queries/references/<name>.sql` over the table `raw`. The rows come sorted, so that only their set counts.
    ///
    /// Other than a staging query it may filter, join and aggregate: a reference is a set of keys, not of events.
    ///
    /// # Errors
    /// It does not plan or run, is no SELECT, or holds a float or the clock (usage).
    pub fn map_reference(&self, name: &str, sql: &str, raw: RecordBatch) -> Result<Texts> {
        let session = self.session();
        register(&session, "raw", raw.schema(), vec![vec![raw]]).map_err(|e| refused(name, &e))?;
        let only_select = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        self.block_on(async {
            let plan = session.state().create_logical_plan(sql).await.map_err(|e| refused(name, &e))?;
            only_select.verify_plan(&plan).map_err(|e| refused(name, &e))?;
            inspect(name, &plan)?;
            let frame = session.execute_logical_plan(plan).await.map_err(|e| refused(name, &e))?;
            let columns = frame.schema().fields().iter().map(|f| f.name().clone()).collect();
            let batches = frame.collect().await.map_err(|e| refused(name, &e))?;
            let mut rows = batches.iter().map(texts).collect::<Result<Vec<_>>>()?.concat();
            rows.sort();
            Ok((columns, rows))
        })
    }
}

fn refused(name: &str, e: &DataFusionError) -> Error {
    Error::usage(format!("the query of a reference failed: {}", first_line(&e.strip_backtrace())))
        .at(name.to_owned())
        .next("correct the query; it reads the file of [reference] as the table raw")
}

fn inspect(name: &str, plan: &LogicalPlan) -> Result<()> {
    let mut fault = None;
    let walked = plan.apply_with_subqueries(|node| {
        fault = float_in(node).map(|fault| fault.what);
        Ok(if fault.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    walked.map_err(|e| Error::bug(e.to_string()))?;
    match fault {
        None => Ok(()),
        Some(fault) => Err(Error::usage("the query of a reference gives another answer elsewhere or later")
            .at(name.to_owned())
            .expected("text, integers, days and exact decimals of the file alone")
            .found(fault)),
    }
}

fn texts(batch: &RecordBatch) -> Result<Vec<Vec<String>>> {
    let mut rows = vec![Vec::with_capacity(batch.num_columns()); batch.num_rows()];
    for column in batch.columns() {
        let text = cast(column, &DataType::Utf8).map_err(|e| Error::usage(e.to_string()))?;
        let text = text.as_string::<i32>();
        for (at, row) in rows.iter_mut().enumerate() {
            row.push(if text.is_valid(at) { text.value(at).to_owned() } else { String::new() });
        }
    }
    Ok(rows)
}
