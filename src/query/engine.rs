//! A DataFusion session with pinned settings, made fresh for every question.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::error::{Error, Result};

/// Settings that change speed and never a result.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    threads: usize,
    batch_size: usize,
}

impl Engine {
    /// An engine that uses `threads` cores and batches of `batch_size` rows.
    #[must_use]
    pub fn new(threads: usize, batch_size: usize) -> Self {
        Self { threads: threads.max(1), batch_size: batch_size.max(1) }
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    pub(super) fn batch_size(&self) -> usize {
        self.batch_size
    }

    pub(super) fn session(&self) -> SessionContext {
        SessionContext::new_with_config(self.config())
    }

    fn config(&self) -> SessionConfig {
        SessionConfig::new()
            .with_target_partitions(self.threads)
            .with_batch_size(self.batch_size)
            .with_information_schema(false)
            .set_bool("datafusion.sql_parser.collect_spans", true)
            .set_bool("datafusion.sql_parser.parse_float_as_decimal", true)
    }

    pub(super) fn block_on<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(self.threads)
            .build()
            .map_err(|e| Error::resources(format!("no threads for the query engine: {e}")))?
            .block_on(future)
    }

    /// Runs a query of the catalog over tables held in memory.
    ///
    /// `sql` is one of `queries/`, `name` its file for messages. The rows come in no order unless the query orders them.
    ///
    /// # Errors
    /// The query does not plan or run: a bug of ours, or out of memory (resources).
    pub fn run(
        &self,
        name: &str,
        sql: &str,
        tables: &[(&str, SchemaRef, Vec<RecordBatch>)],
    ) -> Result<Vec<RecordBatch>> {
        self.collect(self.session(), name, sql, tables)
    }

    /// [`Engine::run`] with so much memory (MiB) for grouping and sorting; beyond it they spill to disk.
    ///
    /// # Errors
    /// As [`Engine::run`]; no room to spill to (resources).
    pub fn run_within(
        &self,
        memory_mib: usize,
        name: &str,
        sql: &str,
        tables: &[(&str, SchemaRef, Vec<RecordBatch>)],
    ) -> Result<Vec<RecordBatch>> {
        let pool = Arc::new(FairSpillPool::new(memory_mib << 20));
        let environment = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc();
        let environment = environment.map_err(|e| Error::resources(format!("the query engine does not start: {e}")))?;
        self.collect(SessionContext::new_with_config_rt(self.config(), environment), name, sql, tables)
    }

    fn collect(
        &self,
        session: SessionContext,
        name: &str,
        sql: &str,
        tables: &[(&str, SchemaRef, Vec<RecordBatch>)],
    ) -> Result<Vec<RecordBatch>> {
        for (table, schema, batches) in tables {
            let slices = batches.iter().flat_map(|batch| slices(batch, self.batch_size)).collect();
            register(&session, table, schema.clone(), vec![slices]).map_err(|e| failed(name, &e))?;
        }
        self.block_on(async {
            let frame = session.sql(sql).await.map_err(|e| failed(name, &e))?;
            frame.collect().await.map_err(|e| failed(name, &e))
        })
    }
}

/// A batch cut into batches of `size` rows, without copying.
pub(super) fn slices(batch: &RecordBatch, size: usize) -> impl Iterator<Item = RecordBatch> {
    let (rows, size) = (batch.num_rows(), size.max(1));
    (0..rows).step_by(size).map(move |at| batch.slice(at, size.min(rows - at)))
}

pub(super) fn register(
    session: &SessionContext,
    name: &str,
    schema: SchemaRef,
    partitions: Vec<Vec<RecordBatch>>,
) -> std::result::Result<(), DataFusionError> {
    let table = MemTable::try_new(schema, partitions)?;
    session.register_table(name, Arc::new(table))?;
    Ok(())
}

/// A failure of one of our own queries.
fn failed(name: &str, e: &DataFusionError) -> Error {
    match e.find_root() {
        DataFusionError::ResourcesExhausted(m) => Error::resources(format!("the query engine ran out of memory: {m}")),
        root => Error::bug(format!("a query failed: {}", first_line(&root.to_string()))).at(name.to_owned()),
    }
}

/// The first line of a message, without a backtrace and without the engine's names for kinds of errors.
pub(super) fn first_line(message: &str) -> String {
    let mut line = message.lines().next().unwrap_or("unknown");
    for noise in ["Execution error: ", "Arrow error: ", "Cast error: ", "Schema error: ", "Error during planning: "] {
        line = line.strip_prefix(noise).unwrap_or(line);
    }
    line.to_owned()
}
