//! Tables that are read when a question asks for them, and only the columns that it asks for.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::{StreamExt, stream};

use super::engine::slices;
use crate::error::{Error, Result};

/// Reads one part of a table: the columns with these indices, in this order.
pub type Read = Arc<dyn Fn(&[usize]) -> Result<Vec<RecordBatch>> + Send + Sync>;

/// A table in parts (a file, a run), none of which is read before a question needs it.
#[derive(Clone)]
pub struct LazyTable {
    pub schema: SchemaRef,
    pub parts: Vec<Read>,
}

impl LazyTable {
    /// A table that lies in memory already.
    #[must_use]
    pub fn of_batch(batch: RecordBatch) -> Self {
        let schema = batch.schema();
        let read =
            move |columns: &[usize]| batch.project(columns).map(|b| vec![b]).map_err(|e| Error::bug(e.to_string()));
        Self { schema, parts: vec![Arc::new(read)] }
    }
}

impl fmt::Debug for LazyTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LazyTable of {} parts", self.parts.len())
    }
}

#[async_trait]
impl TableProvider for LazyTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
        let columns = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let schema: SchemaRef = Arc::new(self.schema.project(&columns)?);
        let lanes = state.config().target_partitions().clamp(1, self.parts.len().max(1));
        let lane = |n: usize| {
            let parts = self.parts.iter().skip(n).step_by(lanes).cloned().collect();
            Arc::new(Lane { schema: Arc::clone(&schema), columns: columns.clone(), parts }) as Arc<dyn PartitionStream>
        };
        let lanes = (0..lanes).map(lane).collect();
        Ok(Arc::new(StreamingTableExec::try_new(schema, lanes, None, None, false, limit)?))
    }
}

/// Parts that are read one after the other.
struct Lane {
    schema: SchemaRef,
    columns: Vec<usize>,
    parts: Vec<Read>,
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} parts", self.parts.len())
    }
}

impl PartitionStream for Lane {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let size = context.session_config().batch_size();
        let columns = self.columns.clone();
        let batches = stream::iter(self.parts.clone()).then(move |part| read(part, columns.clone()));
        let sliced = batches.flat_map(move |read| match read {
            Ok(batches) => {
                stream::iter(batches.iter().flat_map(|batch| slices(batch, size)).map(Ok).collect::<Vec<_>>())
            }
            Err(e) => stream::iter(vec![Err(DataFusionError::External(Box::new(e)))]),
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), sliced))
    }
}

/// Reads off the threads that answer, which must not wait for a disk.
async fn read(part: Read, columns: Vec<usize>) -> Result<Vec<RecordBatch>> {
    let done = tokio::task::spawn_blocking(move || part(&columns)).await;
    done.unwrap_or_else(|_| Err(Error::bug("a table could not be read")))
}
