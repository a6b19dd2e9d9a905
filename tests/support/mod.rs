//! What the stories stand on: books written from CSV, the program run as a process, its tables read back as text.

pub mod book;
pub mod conservation;
pub mod engine;
pub mod folder;
pub mod parquet_log;
pub mod sheet;
pub mod story;
pub mod tables;
