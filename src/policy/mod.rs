//! Policies: what a programme pays, read strictly from `policies/*.toml`.
//!
//! [`source`] walks TOML with the place of every key, [`values`] reads percents, money, days and names, [`program`],
//! [`pay`], [`pool`], [`terms`] and [`read`] turn tables into the types of [`model`], [`check`] looks at what only shows in
//! the whole, [`picture`] draws carets, [`pins`] compares with what a close has pinned, [`corrections`] are the signed exceptions.

mod check;
mod corrections;
mod model;
mod pay;
mod picture;
mod pins;
mod pool;
mod program;
mod read;
mod source;
mod terms;
mod values;

pub use check::{CREATOR_COLUMNS, Finding, check};
pub use corrections::{Correction, Corrections, Target};
pub use model::{
    Band, Basis, Below, Bonus, Cap, Case, FxDate, Hold, HoldAfter, Kept, Late, Measure, MeasureEnd, Of, Pay, Policies,
    PolicyFile, Program, Reserve, RoundAt, Rule, SettleStep, Sql, Step, Terms, TierMode, Tiers, Window, Withholding,
};
pub use pins::{Change, ChangeKey, changed, words_of};
pub use pool::{CarveOut, Idle, Multiplier, Pool, PoolLate, PoolRule, Pot, Reading, Stays, Threshold, WithoutWeight};
pub use source::{Level, Place};
pub use values::{DEDUCTION_ACCOUNTS, TO_BE_DECIDED};
