//! Pools: a pot divided by what payers used.
//!
//! The four rules, of payers i who paid f_i and used creator j by w_ij, with S_i the sum of w_ij over j: [`pro_rata`]
//! (A times the usage of j over all usage), [`user_centric`] (sum of f_i w_ij / S_i), [`shapley`] (sum of f_i over the
//! number of creators that i used), [`scaled`] (sum of min(g S_i, f_i) w_ij / S_i). Each gives weights to creators;
//! [`divide`] makes of them whole parts that add up to the pot. Sums of fractions are kept as a [`Bound`] and worked out
//! as a [`Fraction`] only where the bound does not decide.

mod bound;
mod divide;
mod fraction;
mod months;
mod pro_rata;
mod remainder;
mod scaled;
mod shapley;
mod sums;
mod threshold;
mod usage;
mod user_centric;
mod weigh;

pub use bound::{BITS, Bound, multiply_divide};
pub use divide::{Division, Rule, Stake, divide};
pub use fraction::Fraction;
pub use months::{Months, Part, PotMoney};
pub use pro_rata::pro_rata;
pub use scaled::scaled;
pub use shapley::shapley;
pub use sums::{Collect, ExactSums, Sums};
pub use threshold::mark;
pub use usage::{Entry, Usage};
pub use user_centric::user_centric;
pub use weigh::{Weighed, weigh};
