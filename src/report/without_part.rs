//! Lines of which nobody has a part: their money was taken back, or the policy gave nothing of it. They stand on the statement
//! of the creator who earned them.

use super::events::LineEvents;
use super::line::program_of;
use crate::ledger::{Earning, EarningView, Part, Statement};
use crate::policy::{Pay, Policies, Program};

/// There was money, and none of it is the creators'.
const NO_PART: &str = "no part";
/// What events paid was taken back.
const CANCELLED: &str = "cancelled";
/// No event paid anything.
const FREE: &str = "free of charge";
/// The ledger has the sum of what several events paid, which is 0.
const EITHER: &str = "cancelled or free of charge";

/// Whether nobody has a part of a line that a share was to give parts of: not of a pot, a referral or fixed pay.
#[must_use]
pub fn is_without_part(policies: &Policies, line: &EarningView<'_>) -> bool {
    let head = line.head();
    let shares = |p: &Program| !matches!(p.pay, Pay::Pool(_) | Pay::Each(_));
    line.parts().next().is_none()
        && (head.amounts.events, head.amounts.gross) != (0, 0)
        && program_of(policies, head.program, head.policy_version).is_some_and(shares)
}

/// What became of the money of a line without parts, as far as it is known.
#[must_use]
pub fn why_without_part(line: &Earning, events: Option<&LineEvents<'_>>) -> &'static str {
    match events.map(LineEvents::is_any_paid) {
        _ if line.gross_minor != 0 => NO_PART,
        Some(true) => CANCELLED,
        Some(false) => FREE,
        None if line.events.abs() == 1 => FREE,
        None => EITHER,
    }
}

/// The creator's part of it.
#[must_use]
pub fn no_part(line: &Earning) -> Part {
    Part {
        party_id: line.creator_id.clone(),
        minor: 0,
        payout_currency: line.currency.clone(),
        rate: None,
        payout_minor: None,
    }
}

/// The currency of the account under which a party reads of such a line: the line's own, or else the first of its accounts.
pub fn account_of<'s>(accounts: &[&'s Statement], currency: &'s str) -> &'s str {
    let own = accounts.iter().find(|account| account.currency == currency).or_else(|| accounts.first());
    own.map_or(currency, |account| &account.currency)
}
