//! Random cut-overs: in half of the books a system before hands over balances, volumes and paid ids.

use crate::model::calendar::month_text;
use crate::model::output::line;
use crate::model::policy::{Policies, Share};
use crate::support::book::TextBook;

use super::{CREATORS, Dice};

/// Fills the sheets of the cut-over, or leaves them empty.
pub fn fill(dice: &mut Dice, book: &mut TextBook) {
    if dice.chance(50) {
        balances(dice, book);
        volumes(dice, book);
        paid_ids(dice, book);
    }
}

fn balances(dice: &mut Dice, book: &mut TextBook) {
    for party in book.refs["parties"].lines().into_iter().filter(|p| p["valid_from"] == "2026-01-01") {
        for months_ago in 1..=3 {
            for (account, from, to) in
                [("party_payable", -4_000, 4_000), ("party_reserve", 0, 900), ("advance_receivable", -5_000, 0)]
            {
                if dice.chance(25) {
                    let (amount, month) = (dice.number(from, to).to_string(), month_text(dice.first - months_ago));
                    let cells = [("account", account), ("party_id", &party["party_id"])];
                    let more = [("currency", party["payout_currency"].as_str()), ("amount_minor", &amount)];
                    let mut row = line(&cells);
                    row.extend(line(&more));
                    row.extend(line(&[("booked_period", &month)]));
                    book.bring_over("balances", &row);
                }
            }
        }
    }
}

/// Of every program with tiers that look back beyond the period. Fay is no creator yet on the first day.
fn volumes(dice: &mut Dice, book: &mut TextBook) {
    for program in Policies::parse(&book.policies).programs {
        let Share::Tiers(tiers) = &program.share else { continue };
        for creator in CREATORS.into_iter().filter(|c| *c != "fay" && tiers.window != "period") {
            if dice.chance(50) {
                let amount = dice.number(0, 40_000).to_string();
                let cells = [("creator_id", creator), ("program", &program.name), ("window", &tiers.window)];
                let more = [("currency", &tiers.currency), ("basis", &tiers.basis), ("amount_minor", &amount)];
                let mut row = line(&cells);
                row.extend(more.map(|(name, text)| (name.to_owned(), text.clone())));
                book.bring_over("volumes", &row);
            }
        }
    }
}

fn paid_ids(dice: &mut Dice, book: &mut TextBook) {
    let mut ids = std::collections::BTreeSet::new();
    for (log, sheet) in book.logs.iter().filter(|(log, _)| *log != "engagement") {
        ids.extend(
            sheet
                .lines()
                .into_iter()
                .filter(|row| row.get("tier").is_none_or(|tier| tier != "premium"))
                .filter_map(|row| Some((log.clone(), row.get("event_id")?.clone()))),
        );
    }
    for (log, id) in ids {
        if dice.chance(10) {
            book.bring_over("paid_ids", &line(&[("log", &log), ("event_id", &id)]));
        }
    }
}
