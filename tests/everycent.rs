//! All integration tests, linked once. Where a test belongs:
//!
//! - `money`, `fx`: arithmetic against published numbers and independent programs.
//! - `pools`: the mathematics of pools: published numbers, exact rounding, what the four rules promise.
//! - `policy`: the language: every message, every canonical form.
//! - `policy_said`: policies in sentences, and what changes from one to another: every key of the language.
//! - `policy_tools`: check over a book, worked examples, sentences, presets, the page's examples, explained statements.
//! - `expressions`: the SQL of conditions: nulls, dates, casts, and what is refused.
//! - `measures`: counting different things in every window.
//! - `primitives`: each thing that a policy must be able to say, as a file with its published numbers (policies/primitives).
//! - `ledger`: tables, entries, hashes, the store.
//! - `architecture`: who may import whom; what must be absent.
//! - `bad_input`: a clear error for everything that can be wrong, and nothing published.
//! - `staging_errors`: line, column and caret of a staging query; the row of a failed cast; `run --sample`.
//! - `init_from`: a book drafted over logs in producers' own words.
//! - `completeness`: days that a log must have, and what its producer counted.
//! - `corrections`: what is changed after a close.
//! - `cut_anew`: log files of closed periods that are split, joined, renamed, sorted.
//! - `cutover`: what the system before the book handed over.
//! - `sample`: the README's commands on the sample book.
//! - `worked`: the worked example, every table of every step (skipped where ../shared is absent).
//! - `model`: an independent slow model; `model_agrees`: it and the program over random books.
//! - `properties`: what must not change a result, and what must always hold.
//! - `query`: questions in SQL, the finance views, the page of a month.
//! - `quarantine`: rows that are not rated: listed, decided on by two people, released.
//! - `scenarios`: stories in plain text (tests/scenarios), told by the program and by the model.
//! - `settlement`: what a party reads of its settlement, and references that are refused.
//! - `online_retail`: a real book (skipped where ../shared is absent).
//! - `synth`: generated books: the same bytes, and a run that counts what was planted.
//! - `real_books`: contributions, grants, streamers (skipped where ../shared is absent).
//! - `support`: books from text, the program as a process, tables as text.

mod architecture;
mod bad_input;
mod completeness;
mod corrections;
mod cut_anew;
mod cutover;
mod expressions;
mod fx;
mod init_from;
mod ledger;
mod measures;
mod model;
mod model_agrees;
mod money;
mod online_retail;
mod policy;
mod policy_said;
mod policy_tools;
mod pools;
mod primitives;
mod properties;
mod quarantine;
mod query;
mod real_books;
mod sample;
mod scenarios;
mod settlement;
mod staging_errors;
mod support;
mod synth;
mod worked;
