//! What an evaluation may know, of all that a run has prepared.

use super::prepare::Prepared;
use crate::facts::Known;
use crate::intake::Stage;
use crate::period::Period;

/// What is known of these standing rows under the book's own policies and references, up to a day.
pub fn known<'a>(
    input: &'a Prepared,
    standing: &'a [(u32, Stage)],
    since: &'a [i32],
    closed: Option<Period>,
    last_day: i32,
) -> Known<'a> {
    Known {
        engine: input.engine,
        book: &input.book,
        rows: &input.rows,
        standing,
        stood: &[],
        policies: &input.policies,
        references: &input.references,
        since,
        closed,
        last_day,
        paid: &input.paid,
        volumes: &input.cutover.volumes,
    }
}
