//! What an evaluation may know, of all that a run has prepared.

use super::prepare::Prepared;
use crate::facts::Known;
use crate::intake::{Knowledge, Stage, Stood};

/// What is known of these rows, standing and counted, under the book's own policies and references, up to a day.
pub fn known<'a>(
    input: &'a Prepared,
    standing: &'a [(u32, Stage)],
    stood: &'a [Stood],
    knowledge: &'a Knowledge,
    last_day: i32,
) -> Known<'a> {
    Known {
        engine: input.engine,
        book: &input.book,
        rows: &input.rows,
        standing,
        stood,
        policies: &input.policies,
        references: &input.references,
        since: &knowledge.since,
        closed: knowledge.closed,
        last_day,
        paid: &input.paid,
        volumes: &input.cutover.volumes,
    }
}
