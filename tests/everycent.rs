//! All integration tests, linked once. Where a test belongs:
//!
//! - `money`, `fx`: arithmetic against published numbers and independent programs.
//! - `policy`: the language: every message, every canonical form.
//! - `ledger`: tables, entries, hashes, the store.
//! - `architecture`: who may import whom; what must be absent.
//! - `bad_input`: a clear error for everything that can be wrong, and nothing published.
//! - `sample`: the README's commands on the sample book.
//! - `online_retail`: a real book (skipped where ../shared is absent).

mod architecture;
mod bad_input;
mod corrections;
mod fx;
mod ledger;
mod model;
mod model_agrees;
mod money;
mod online_retail;
mod policy;
mod sample;
mod scenarios;
mod support;
mod worked;
