//! Policies: what a programme pays, read strictly from `policies/*.toml`.
//!
//! [`source`] walks TOML with the place of every key, [`values`] reads percents, money, days and names, [`program`],
//! [`pay`], [`each`], [`pool`], [`measure`], [`unit`], [`terms`] and [`read`] turn tables into the types of [`model`],
//! [`check`], [`closed`], [`dead`], [`pots`], [`taxes`] and [`lint`] look at what only shows in the whole, [`picture`] draws carets, [`pins`] compares with what a close
//! has pinned, [`corrections`] are the signed exceptions, [`say`] reads all of it aloud.

mod check;
mod clauses;
mod closed;
mod corrections;
mod dead;
mod each;
mod lint;
mod measure;
mod model;
mod pay;
mod picture;
mod pins;
mod pool;
mod pots;
mod program;
mod read;
mod say;
mod source;
mod taxes;
mod terms;
mod unit;
mod values;

pub use check::{CREATOR_COLUMNS, Finding, check, first_error};
pub use clauses::{Clause, Role};
pub use corrections::{Correction, Corrections, Target};
pub use model::{
    Added, Band, Basis, Below, Bonus, Cap, Case, Enrolment, Fills, First, FxDate, Having, Hold, HoldAfter, Kept, Late,
    Locked, Measure, MeasureEnd, Of, Pay, Payment, Policies, PolicyFile, Program, Reserve, RoundAt, Rule, SettleStep,
    Span, Sql, Step, TaxOf, Terms, TierMode, Tiers, Unit, UnitRate, Window, Withholding, Within, covers,
};
pub use picture::place_of;
pub use pins::{Change, ChangeKey, changed, words_of};
pub use pool::{CarveOut, Idle, Multiplier, Pool, PoolLate, PoolRule, Pot, Reading, Stays, Threshold, WithoutWeight};
pub use say::{Said, Sentence, aloud, differences, percent as percent_text};
pub use source::{Faults, Level, Place, Table, Value, parse};
pub use unit::units_text;
pub use values::{DEDUCTION_ACCOUNTS, TO_BE_DECIDED};
