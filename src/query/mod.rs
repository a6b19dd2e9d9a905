//! The one room where SQL runs: DataFusion with tokio inside, and nothing of either seen outside.
//!
//! SQL here filters, joins, counts and sums integers. It never rounds money, and a float in a plan is an error.

mod checked;
mod desk;
mod engine;
mod exact;
mod examine;
mod expression;
mod fault;
mod inspect;
mod items;
mod lazy;
mod length;
mod major;
mod operator;
mod reference;
mod refusal;
mod said;
mod staging;
mod typed;

pub use desk::{Desk, Limits};
pub use engine::Engine;
pub use examine::{Examined, Refusal};
pub use expression::{Expression, Failed};
pub use lazy::{LazyTable, Read};
pub use said::{Compared, Range as ValueRange, Said, said};
pub use staging::Staging;
pub use typed::{dates, int64s, int64s_or, texts};

/// The hidden column that carries a raw row's number through a staging query.
pub const ROW: &str = "__row";
