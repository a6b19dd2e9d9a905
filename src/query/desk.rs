//! Where questions are asked: read-only SQL over tables that are read when they are needed, within limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{MemorySchemaProvider, TableProvider};
use datafusion::datasource::ViewTable;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use tokio::runtime::Runtime;

use super::checked::{CheckedArithmetic, checked_sum};
use super::engine::{Engine, first_line};
use super::lazy::LazyTable;
use super::major::major;
use crate::error::{Error, Result};
use crate::picture::{offset, snippet};

/// What an answer may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub seconds: u64,
    /// Memory that sorting, joining and grouping may take, in MiB; beyond it they spill or are refused.
    pub memory_mib: usize,
    pub rows: u64,
}

/// A session for questions. It holds no way to write: neither statements nor files can be named in it.
pub struct Desk {
    session: SessionContext,
    runtime: Runtime,
    limits: Limits,
}

impl Desk {
    /// An empty desk.
    ///
    /// # Errors
    /// No threads or no memory to be had (resources).
    pub fn new(engine: Engine, limits: Limits) -> Result<Self> {
        let refused = |e: String| Error::resources(format!("the query engine does not start: {e}"));
        let pool = Arc::new(FairSpillPool::new(limits.memory_mib << 20));
        let environment = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc();
        let config = SessionConfig::new()
            .with_target_partitions(engine.threads())
            .with_batch_size(engine.batch_size())
            .with_information_schema(false)
            .with_default_catalog_and_schema("book", "ledger")
            .set_bool("datafusion.sql_parser.parse_float_as_decimal", true)
            .set_bool("datafusion.sql_parser.collect_spans", true);
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(environment.map_err(|e| refused(e.to_string()))?)
            .with_default_features()
            .build();
        let mut session = SessionContext::new_with_state(state);
        session.register_udaf(checked_sum());
        session.register_udf(major());
        let planner = Arc::new(CheckedArithmetic);
        datafusion::execution::FunctionRegistry::register_expr_planner(&mut session, planner)
            .map_err(|e| refused(e.to_string()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(engine.threads())
            .enable_time()
            .build()
            .map_err(|e| refused(e.to_string()))?;
        Ok(Self { session, runtime, limits })
    }

    /// Puts a table on the desk.
    ///
    /// # Errors
    /// The name is taken (bug).
    pub fn put(&self, schema: &str, name: &str, table: LazyTable) -> Result<()> {
        self.register(schema, name, Arc::new(table))
    }

    /// Puts a view over what lies on the desk.
    ///
    /// # Errors
    /// The query does not plan (usage, naming the view).
    pub fn put_view(&self, schema: &str, name: &str, sql: &str) -> Result<()> {
        let plan = self.runtime.block_on(self.session.state().create_logical_plan(sql));
        let plan = plan.map_err(|e| explained(&e, sql).at(format!("{schema}.{name}")))?;
        self.register(schema, name, Arc::new(ViewTable::new(plan, Some(sql.to_owned()))))
    }

    fn register(&self, schema: &str, name: &str, table: Arc<dyn TableProvider>) -> Result<()> {
        let bug = |e: DataFusionError| Error::bug(format!("table {schema}.{name}: {}", first_line(&e.to_string())));
        let catalog = self.session.catalog("book").ok_or_else(|| Error::bug("the desk has no catalog"))?;
        if catalog.schema(schema).is_none() {
            catalog.register_schema(schema, Arc::new(MemorySchemaProvider::new())).map_err(bug)?;
        }
        let folder = catalog.schema(schema).ok_or_else(|| Error::bug("the desk lost a schema"))?;
        folder.register_table(name.to_owned(), table).map(drop).map_err(bug)
    }

    /// All tables and views: schema and name, sorted.
    #[must_use]
    pub fn tables(&self) -> Vec<(String, String)> {
        let Some(catalog) = self.session.catalog("book") else { return Vec::new() };
        let mut names = Vec::new();
        for schema in catalog.schema_names() {
            let tables = catalog.schema(&schema).map(|s| s.table_names()).unwrap_or_default();
            names.extend(tables.into_iter().map(|table| (schema.clone(), table)));
        }
        names.sort();
        names
    }

    /// The columns of a table.
    #[must_use]
    pub fn columns(&self, schema: &str, table: &str) -> Option<SchemaRef> {
        let folder = self.session.catalog("book")?.schema(schema)?;
        self.runtime.block_on(folder.table(table)).ok().flatten().map(|t| t.schema())
    }

    /// Answers a question, batch by batch; `stop` ends it early.
    ///
    /// # Errors
    /// The question does not plan, or writes (usage, with its place); a limit (resources); a sum that overflows (usage);
    /// whatever reading the tables meets.
    pub fn ask(
        &self,
        sql: &str,
        stop: &AtomicBool,
        take: &mut dyn FnMut(&SchemaRef, Option<&RecordBatch>) -> Result<()>,
    ) -> Result<u64> {
        let answer = async {
            let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
            let frame = self.session.sql_with_options(sql, options).await.map_err(|e| explained(&e, sql))?;
            let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
            let mut stream = frame.execute_stream().await.map_err(|e| explained(&e, sql))?;
            take(&schema, None)?;
            let mut rows = 0;
            loop {
                let next = tokio::select! {
                    next = stream.next() => next,
                    () = stopped(stop) => return Err(Error::usage("the question was stopped")),
                };
                let Some(batch) = next else { return Ok(rows) };
                let batch = batch.map_err(|e| explained(&e, sql))?;
                rows += batch.num_rows() as u64;
                self.few_enough(rows)?;
                take(&schema, Some(&batch))?;
            }
        };
        let limit = Duration::from_secs(self.limits.seconds);
        self.runtime.block_on(async { tokio::time::timeout(limit, answer).await }).unwrap_or_else(|_| {
            Err(Error::resources(format!("no answer within {} seconds", self.limits.seconds))
                .next("ask for less (a period, a party), or allow more with --timeout SECONDS"))
        })
    }

    fn few_enough(&self, rows: u64) -> Result<()> {
        if rows <= self.limits.rows {
            return Ok(());
        }
        Err(Error::resources("the answer is too long")
            .expected(format!("at most {} rows", self.limits.rows))
            .found("more")
            .next("add a LIMIT or a GROUP BY, or allow more with --max-rows N"))
    }
}

async fn stopped(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// An error of the engine in our words, with the place in the question where there is one.
fn explained(e: &DataFusionError, sql: &str) -> Error {
    if let Some(own) = own_error(e) {
        return own;
    }
    let root = e.find_root();
    let message = match root {
        DataFusionError::Plan(m) | DataFusionError::Execution(m) | DataFusionError::NotImplemented(m) => m.clone(),
        DataFusionError::SQL(fault, _) => fault.to_string(),
        other => other.strip_backtrace(),
    };
    let message = first_line(&message);
    if matches!(root, DataFusionError::ResourcesExhausted(_)) {
        return Error::resources("the question takes more memory than it may")
            .found(message)
            .next("ask for less, or allow more with --memory MIB");
    }
    if message.contains("not supported: ") || message.contains("DDL") || message.contains("DML") {
        return Error::usage("questions only read")
            .found(message)
            .next("everycent query never changes anything: ask with SELECT");
    }
    let error = Error::usage(format!("the question can't be answered: {message}"));
    match place(e).or_else(|| place_in_message(&message)) {
        Some((line, column)) => {
            let at = offset(sql, line, column);
            error.at(format!("line {line}, column {column}")).picture(snippet(sql, at..at))
        }
        None => error,
    }
}

/// Our own error, where reading a table raised one.
fn own_error(e: &DataFusionError) -> Option<Error> {
    match e {
        DataFusionError::External(inner) => inner.downcast_ref::<Error>().cloned(),
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => own_error(inner),
        DataFusionError::Shared(inner) => own_error(inner),
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            arrow::error::ArrowError::ExternalError(inner) => {
                inner.downcast_ref::<Error>().cloned().or_else(|| inner.downcast_ref().and_then(own_error))
            }
            _ => None,
        },
        _ => None,
    }
}

fn place(e: &DataFusionError) -> Option<(u64, u64)> {
    let span = e.diagnostic()?.span?;
    Some((span.start.line, span.start.column)).filter(|(line, _)| *line > 0)
}

/// The parser names its place in words: `… at Line: 1, Column: 8`.
fn place_in_message(message: &str) -> Option<(u64, u64)> {
    let (_, rest) = message.split_once("Line: ")?;
    let (line, rest) = rest.split_once(", Column: ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((line.parse().ok()?, digits.parse().ok()?))
}
