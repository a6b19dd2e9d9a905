//! A slow second opinion: the contract worked out again, naively, in plain Rust over exact fractions.
//!
//! Everything is done again for every run; what closed periods booked is subtracted. It shares no line with the program: it
//! reads the same text (policies, references, logs in CSV) and says what the nine tables must hold.
//!
//! Reading order: `number`, `calendar` -> `condition`, `policy`, `references`, `event` -> `fates`, `netting` (which rows
//! count, and how much of a charge is left) -> `pool` (pots) -> `each`, `unit`, `share`, `split`, `rating` (the lines) -> `booking` (what each cause adds)
//! -> `release`, `referrals`, `journal`, `settlement`, `steps`, `output` -> `before` (what was handed over), `run`, `books` (random books).

pub mod before;
pub mod booking;
pub mod books;
pub mod calendar;
pub mod condition;
pub mod each;
pub mod event;
pub mod fates;
pub mod journal;
pub mod netting;
pub mod number;
pub mod output;
pub mod policy;
pub mod pool;
pub mod rating;
pub mod references;
pub mod referrals;
pub mod release;
pub mod run;
pub mod settlement;
pub mod share;
pub mod split;
pub mod steps;
pub mod unit;
