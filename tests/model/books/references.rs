//! Random references: people who come of age, agreements that change, quotes with holes.

use crate::model::calendar::{day_text, first_day, last_day};
use crate::model::output::line;
use crate::support::book::TextBook;
use crate::support::sheet::Line;

use super::{CREATORS, Dice, OTHERS};

/// Fills creators, parties, agreements and rates.
pub fn fill(dice: &mut Dice, book: &mut TextBook) {
    creators(dice, book);
    parties(dice, book);
    agreements(dice, book);
    advances(dice, book);
    referrals(dice, book);
    commission(dice, book);
    rates(dice, book);
}

fn creators(dice: &mut Dice, book: &mut TextBook) {
    for creator in CREATORS {
        let birthday = match creator {
            "cho" => format!("2008-{}", dice.one_of(&["10-15", "11-03", "12-24"])),
            "dee" => "2000-02-29".to_owned(),
            _ => "1990-06-30".to_owned(),
        };
        let change = day_text(first_day(dice.first) + dice.number(6, 80));
        let from = if creator == "fay" { "2026-10-05" } else { "2026-01-01" };
        let (before, after) = (dice.number(500, 12_000).to_string(), dice.number(500, 15_000).to_string());
        for (followers, from, to) in [(&before, from, change.as_str()), (&after, change.as_str(), "")] {
            let cells =
                [("creator_id", creator), ("birth_date", &birthday), ("followers", followers), ("country", "DE")];
            let mut row = line(&cells);
            row.extend(line(&[("status", "active"), ("valid_from", from), ("valid_to", to)]));
            book.reference("creators", &row);
            if dice.chance(8) {
                let (followers, arrival) = (dice.number(500, 15_000).to_string(), delivery(dice));
                book.reference("creators", &extended(row, &[("followers", &followers), ("arrival", &arrival)]));
            }
        }
    }
}

fn parties(dice: &mut Dice, book: &mut TextBook) {
    for party in CREATORS.into_iter().chain(OTHERS) {
        let kind = if OTHERS.contains(&party) { "agency" } else { "creator" };
        let currency = dice.one_of(&["EUR", "EUR", "USD", "USD", "JPY", "KWD", "GBP"]);
        let cells = [("party_id", party), ("kind", kind), ("payout_currency", currency)];
        let mut row = line(&cells);
        row.extend(line(&[("country", dice.one_of(&["DE", "GB", "BR"])), ("tax_form", dice.one_of(&["", "W-8BEN"]))]));
        if dice.chance(25) {
            // In a chain, which has an end.
            let place = |party: &str| ["duo", "ada", "north"].iter().position(|p| *p == party);
            row.extend(line(&[("stand_in", dice.one_of(&["duo", "ada", "north"]))]));
            row.retain(|column, second| column != "stand_in" || place(second) > place(party));
        }
        let from = if party == "label" { dice.one_of(&["2026-01-01", "2026-11-05"]) } else { "2026-01-01" };
        row.extend(line(&[("status", "active"), ("valid_from", from)]));
        if party != "label" && dice.chance(30) {
            let change = day_text(first_day(dice.first) + dice.number(20, 100));
            let (before, now) = (row.clone(), dice.one_of(&["EUR", "USD", "JPY"]));
            book.reference("parties", &extended(before, &[("valid_to", &change)]));
            row.extend(line(&[("payout_currency", now), ("valid_from", &change)]));
        }
        book.reference("parties", &row);
    }
}

fn extended(mut row: Line, cells: &[(&str, &str)]) -> Line {
    row.extend(line(cells));
    row
}

/// One creator alone, one with an agency from some day, one on two levels, one in thirds, one in halves.
fn agreements(dice: &mut Dice, book: &mut TextBook) {
    let change = day_text(first_day(dice.first) + dice.number(1, 70));
    let corrected = dice.chance(25).then(|| delivery(dice));
    let all = [
        ("ada", "ada", "80/100", "1", "1", "live_subs;members", "2026-01-01", change.as_str()),
        ("ada", "north", "20 %", "1", "2", "live_subs;members", "2026-01-01", change.as_str()),
        ("ada", "ada", "0.7", "1", "1", "live_subs;members", change.as_str(), ""),
        ("ada", "north", "rest", "1", "2", "live_subs;members", change.as_str(), ""),
        ("ben", "ben", "40 %", "1", "1", "", "2026-01-01", ""),
        ("ben", "duo", "30 %", "1", "2", "", "2026-01-01", ""),
        ("ben", "label", "10 %", "1", "3", "", "2026-01-01", ""),
        ("ben", "duo", "1/3", "2", "2", "", "2026-01-01", ""),
        ("ben", "north", "rest", "2", "4", "", "2026-01-01", ""),
        ("dee", "dee", "1/3", "1", "1", "", "2026-01-01", ""),
        ("dee", "duo", "1/3", "1", "2", "", "2026-01-01", ""),
        ("dee", "north", "rest", "1", "3", "", "2026-01-01", ""),
        ("eve", "eve", "0.5", "1", "1", "gifts;game;brand", change.as_str(), ""),
        ("eve", "duo", "0.5", "1", "2", "gifts;game;brand", change.as_str(), ""),
    ];
    for (creator, party, part, level, position, programs, from, to) in all {
        let mut row = line(&[("creator_id", creator), ("party_id", party), ("part", part), ("level", level)]);
        row.extend(line(&[("position", position), ("programs", programs), ("valid_from", from), ("valid_to", to)]));
        book.reference("agreements", &row);
    }
    for (party, part) in [("dee", "1/2"), ("duo", "1/3")] {
        let Some(arrival) = corrected.as_deref() else { continue };
        let row = line(&[("creator_id", "dee"), ("party_id", party), ("part", part), ("level", "1")]);
        let position = if party == "dee" { "1" } else { "2" };
        let more = [("position", position), ("valid_from", "2026-01-01"), ("arrival", arrival)];
        book.reference("agreements", &extended(row, &more));
    }
}

/// Money that parties had, or paid, before it was earned.
fn advances(dice: &mut Dice, book: &mut TextBook) {
    let parties = book.refs["parties"].lines();
    for n in 0..dice.number(0, 4) {
        let party = &parties[usize::try_from(dice.number(0, 8)).expect("small")];
        let (id, amount) = (format!("adv{n}"), dice.number(300, 6_000).to_string());
        let from = day_text(first_day(dice.first) + dice.number(-60, 70));
        let row = line(&[("advance_id", &id), ("party_id", &party["party_id"]), ("amount_minor", &amount)]);
        let more = [("currency", party["payout_currency"].as_str()), ("rate", dice.one_of(&["50 %", "1/3", "100 %"]))];
        let row = extended(row, &more);
        let more = [("from", dice.one_of(&["creator", "creator", "platform"])), ("valid_from", &from)];
        let row = extended(row, &more);
        let to = day_text(first_day(dice.first) + dice.number(80, 120));
        let more = [("programs", dice.one_of(&["", "gifts", "shop;brand"])), ("valid_to", dice.one_of(&["", &to]))];
        book.reference("advances", &extended(row, &more));
    }
}

/// Caps only on programs whose currencies always have rates.
fn referrals(dice: &mut Dice, book: &mut TextBook) {
    for n in 0..dice.number(0, 2) {
        let (id, months) = (format!("ref{n}"), dice.number(1, 4).to_string());
        let from = day_text(first_day(dice.first) + dice.number(-20, 60));
        let row = line(&[("referral_id", &id), ("party_id", dice.one_of(&["duo", "north", "ada"]))]);
        let row = extended(row, &[("creator_id", dice.one_of(&CREATORS)), ("rate", dice.one_of(&["5 %", "2.5 %"]))]);
        let row = extended(row, &[("basis", dice.one_of(&["", "gross", "earned"])), ("months", &months)]);
        let cap = dice.number(50, 400).to_string();
        let more =
            [("cap_minor", cap.as_str()), ("cap_currency", dice.one_of(&["EUR", "USD"])), ("programs", "shop;brand")];
        let row = if dice.chance(60) { extended(row, &more) } else { row };
        book.reference("referrals", &extended(row, &[("valid_from", &from)]));
    }
}

/// Rates by creator and product that are raised and cut.
fn commission(dice: &mut Dice, book: &mut TextBook) {
    for creator in CREATORS {
        let mut from = "2026-01-01".to_owned();
        for days in [15, 60, 200] {
            let to = day_text(first_day(dice.first) + days + dice.number(-20, 20));
            let rate = format!("{} %", dice.number(3, 40));
            let cells = [("creator_id", creator), ("product_id", "cup"), ("rate", &rate), ("valid_from", &from)];
            let row = extended(line(&cells), &[("valid_to", &to)]);
            book.own_reference("commission", "creator_id product_id rate valid_from valid_to", &row);
            from = to;
        }
    }
}

/// Dollars, yen and dinars on most weekdays; pounds seldom, and late; a few quotes corrected when it is too late.
fn rates(dice: &mut Dice, book: &mut TextBook) {
    let (from, to) = (first_day(dice.first) - 8, last_day(dice.first + dice.months));
    for day in (from..=to).filter(|day| (day + 3).rem_euclid(7) < 5) {
        for (currency, middle) in [("USD", 11_500), ("JPY", 1_600_000), ("KWD", 3_500)] {
            if dice.chance(93) {
                quote(dice, book, day, currency, middle, "1");
            }
            if dice.chance(4) {
                let arrival = delivery(dice);
                quote(dice, book, day, currency, middle, &arrival);
            }
        }
        if dice.chance(7) {
            let arrival = delivery(dice);
            quote(dice, book, day, "GBP", 8_500, &arrival);
        }
    }
}

/// A delivery before a run: a close wants the references of its run.
fn delivery(dice: &mut Dice) -> String {
    (2 * dice.number(0, dice.months - 1) + 1).to_string()
}

/// A quote within 2 % of the middle, in ten-thousandths.
fn quote(dice: &mut Dice, book: &mut TextBook, day: i64, currency: &str, middle: i64, arrival: &str) {
    let value = dice.number(middle * 98 / 100, middle * 102 / 100);
    let rate = format!("{}.{:04}", value / 10_000, value % 10_000);
    book.reference(
        "fx_rates",
        &line(&[("date", &day_text(day)), ("currency", currency), ("rate", &rate), ("arrival", arrival)]),
    );
}
