//! everycent: from a creator platform's event logs to a payout ledger in which every cent is exact and explained.
//!
//! SQL gathers, rules decide, the ledger remembers, the audit doubts. The modules in reading order, which is the order
//! in which money walks through them; each imports only what stands before it (tests/architecture.rs holds it so):
//!
//! - [`error`]: who has to act, what, where, expected, found, next.
//! - [`picture`]: where a fault stands in a text, with a caret under it.
//! - [`period`], [`log`], [`country`], [`fate`]: months and days in the book's zone; the six logs; countries; where a row ended.
//! - [`money`]: exact ratios, the one rounding, largest remainder, currencies, reference rates.
//! - [`book`]: `everycent.toml`, validated.
//! - [`redrive`]: `redrive.toml`: what two people decided about rows and gates.
//! - [`query`]: the one room where SQL runs.
//! - [`policy`]: programs, measures and terms, read strictly.
//! - [`ledger`]: accounts, balanced entries, tables, manifests, seals, the store.
//! - [`reference`]: creators, parties, agreements as of a day.
//! - [`cutover`]: what the system before the book handed over.
//! - [`intake`]: files to rows that count once.
//! - [`facts`]: conditions, reversals, integers summed by SQL.
//! - [`earn`]: shares, bands, bonuses, splits, conversion: pure rules, parallel over creators.
//! - [`settle`]: a party's account for a period.
//! - [`pipeline`]: one period from files to balanced entries.
//! - [`audit`]: gates before publishing.
//! - [`publish`]: drafts and closes.
//! - [`report`]: statements and summaries.
//! - [`ask`]: questions in SQL, finance views, the month's page.
//! - [`synth`]: whole books from a seed, with faults planted and counted.
//! - [`quarantine`]: rows that are not rated, listed, and decided on.
//! - [`trial`]: worked examples of policies, rated in books of their own.
//! - [`draft`]: a book over logs as they are.
//! - [`cli`]: what was typed.

#![forbid(unsafe_code)]

pub mod ask;
pub mod audit;
pub mod book;
pub mod cli;
pub mod country;
pub mod cutover;
pub mod draft;
pub mod earn;
pub mod error;
pub mod facts;
pub mod fate;
pub mod intake;
pub mod ledger;
pub mod log;
pub mod money;
pub mod period;
pub mod picture;
pub mod pipeline;
pub mod policy;
pub mod publish;
pub mod quarantine;
pub mod query;
pub mod redrive;
pub mod reference;
pub mod report;
pub mod settle;
pub mod synth;
pub mod trial;
