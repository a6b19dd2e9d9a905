//! Random events: charges and what takes them back, in good order and in bad.

use crate::model::calendar::{first_day, instant_text, last_day, parse_instant};
use crate::model::output::line;
use crate::support::book::TextBook;
use crate::support::sheet::Line;

use super::{CREATORS, Dice, OTHERS};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// Fills all logs.
pub fn fill(dice: &mut Dice, book: &mut TextBook) {
    let mut rows = Vec::new();
    for log in ["brand_deals", "commerce", "gifts", "subscriptions", "subscriptions"] {
        for _ in 0..dice.number(15, 30) {
            let id = format!("{}{:03}", &log[..1], rows.len());
            let id = if dice.chance(30) { id.to_uppercase() } else { id };
            let charge = charge(dice, log, id);
            take_back(dice, log, &charge, &mut rows);
            if log == "commerce" && dice.chance(60) {
                rows.push((log, delivered(dice, &charge)));
            }
            rows.push((log, charge));
        }
    }
    for n in 0..dice.number(8, 20) {
        premium(dice, &format!("p{n:03}"), book);
    }
    for n in 0..dice.number(30, 70) {
        rows.push(("engagement", engagement(dice, format!("e{n:03}"))));
    }
    for n in 0..dice.number(3, 12) {
        rows.push(("adjustments", adjustment(dice, format!("a{n:03}"))));
    }
    for (log, row) in rows {
        spoiled(dice, book, log, &row);
        book.event(log, &row);
    }
    if dice.chance(50) {
        number_ids(book, "gifts");
    }
}

/// Ids of a log as whole numbers of one to three digits, whose order by bytes is not that by size.
fn number_ids(book: &mut TextBook, log: &str) {
    let sheet = book.logs.get_mut(log).expect("a log");
    let columns =
        ["event_id", "original_id"].map(|c| sheet.columns.iter().position(|name| name == c).expect("a column"));
    let mut numbers = std::collections::BTreeMap::new();
    for row in &mut sheet.rows {
        for at in columns.into_iter().filter(|at| !row[*at].is_empty()).collect::<Vec<_>>() {
            let next = 7 * numbers.len() + 2;
            row[at] = numbers.entry(row[at].clone()).or_insert(next).to_string();
        }
    }
    book.numbered.insert(log.to_owned());
}

fn set(row: &mut Line, column: &str, text: impl ToString) {
    row.insert(column.to_owned(), text.to_string());
}

/// Some instant of the story; one in six close to the edge of a month.
fn instant(dice: &mut Dice) -> i64 {
    let month = dice.first + dice.number(0, dice.months - 1);
    let start = dice.zone.start_of(first_day(month));
    if dice.chance(16) && month > dice.first {
        let off = [0, 1, -1, 1_000_000, -1_000_000, 30 * MINUTE, -30 * MINUTE]
            [usize::try_from(dice.number(0, 6)).expect("small")];
        return start + off;
    }
    if dice.chance(8) {
        return start + 9 * DAY;
    }
    if dice.chance(2) {
        return dice.zone.start_of(first_day(dice.first)) - dice.number(1, 5 * 24 * 60) * MINUTE;
    }
    start + dice.number(0, (last_day(month) - first_day(month)) * 24 * 60) * MINUTE
}

/// The tenth day of a month in two of three cases.
fn often_the_same_day(dice: &mut Dice) -> i64 {
    let time = instant(dice);
    if dice.chance(33) {
        return time;
    }
    let month = dice.first + dice.number(0, dice.months - 1);
    dice.zone.start_of(first_day(month)) + 9 * DAY + dice.number(0, 6) * 100 * MINUTE
}

/// The delivery that brings an event: mostly that of its month, often a later one, seldom an earlier one.
fn arrival(dice: &mut Dice, time: i64) -> i64 {
    let ends = |at: i64| dice.zone.start_of(first_day(dice.first + at + 1));
    let month = (0..dice.months).find(|at| time < ends(*at)).unwrap_or(dice.months - 1);
    let usual = 2 * month + 1;
    let delivery = match dice.number(0, 99) {
        0..=69 => usual,
        70..=92 => usual + dice.number(1, 5),
        _ => usual - dice.number(1, 2),
    };
    delivery.clamp(1, dice.last_delivery())
}

fn head(dice: &mut Dice, id: &str, kind: &str, creator: &str, time: i64) -> Line {
    let arrival = arrival(dice, time).to_string();
    let cells = [("event_id", id), ("event_time", &instant_text(time)), ("kind", kind), ("creator_id", creator)];
    let mut row = line(&cells);
    set(&mut row, "arrival", arrival);
    row
}

fn charge(dice: &mut Dice, log: &str, id: String) -> Line {
    let time = instant(dice);
    let creator = dice.one_of(&CREATORS);
    let kind = match log {
        "brand_deals" => "milestone",
        "commerce" => "order",
        "gifts" => "send",
        _ => dice.one_of(&["start", "renew", "upgrade", "gift"]),
    };
    let mut row = head(dice, &id, kind, creator, time);
    payer(dice, &mut row);
    let currency = own_columns(dice, log, &mut row);
    money(dice, log, &mut row, currency);
    row
}

/// Columns of the log's own; returns a currency that its programs can rate.
fn own_columns(dice: &mut Dice, log: &str, row: &mut Line) -> &'static str {
    match log {
        "brand_deals" => dice.one_of(&["EUR", "EUR", "USD"]),
        "commerce" => {
            if !dice.chance(4) {
                set(row, "commission_bps", dice.number(-100, 10_300));
            }
            row.extend(line(&[("order_id", dice.one_of(&["", "o1", "o2", "o3", "o4", "o5"]))]));
            row.extend(line(&[("product_id", dice.one_of(&["", "cup", "hat"]))]));
            dice.one_of(&["EUR", "USD", "KWD"])
        }
        "gifts" => dice.one_of(&["USD", "JPY", "KWD", "GBP", "EUR"]),
        _ => {
            let tier = dice.one_of(&[
                "live", "live", "live", "member", "member", "game", "game", "game", "token", "token", "nothing",
            ]);
            let tier = if tier == "nothing" && dice.chance(70) { "member" } else { tier };
            set(row, "tier", tier);
            set(row, "channel", dice.one_of(&["web", "ios", "android"]));
            if dice.chance(20) {
                row.remove("channel");
            }
            set(row, "tenure_months", dice.number(1, 3));
            match tier {
                "live" => dice.one_of(&["EUR", "USD"]),
                "token" => dice.one_of(&["EUR", "USD", "JPY"]),
                _ => dice.one_of(&["EUR", "USD", "JPY", "GBP"]),
            }
        }
    }
}

/// Who paid, and from where; now and then nobody knows.
fn payer(dice: &mut Dice, row: &mut Line) {
    if dice.chance(85) {
        set(row, "payer_id", dice.one_of(&["pat", "pia", "poe"]));
        set(row, "payer_country", dice.one_of(&["US", "US", "TR", "DE"]));
    }
}

fn money(dice: &mut Dice, log: &str, row: &mut Line, currency: &str) {
    let is_token = row.get("tier").is_some_and(|tier| tier == "token");
    let amount = match dice.number(0, 99) {
        0..=2 => 0,
        3..=80 if is_token => 0,
        3 => dice.number(1, 1_000_000_000_000_000),
        4..=18 => dice.number(1, 4_000) * 7,
        _ => dice.number(1, 4_000),
    };
    set(row, "amount_minor", amount);
    set(row, "currency", currency);
    if dice.chance(40) {
        set(row, "tax_minor", amount * dice.number(0, 20) / 120);
    }
    if log != "brand_deals" && dice.chance(35) {
        set(row, "channel_fee_minor", amount * dice.number(0, 30) / 100);
    }
}

fn int(row: &Line, column: &str) -> i64 {
    row.get(column).map_or(0, |t| t.parse().expect("a number"))
}

/// Nothing, or refunds, chargebacks and chargebacks won; some of them too large, some without saying of what.
fn take_back(dice: &mut Dice, log: &'static str, charge: &Line, rows: &mut Vec<(&'static str, Line)>) {
    let times = [0, 0, 0, 1, 1, 1, 2, 3][usize::try_from(dice.number(0, 7)).expect("small")];
    let mut left = int(charge, "amount_minor");
    for n in 0..times {
        let kind = match log {
            "brand_deals" => "cancel",
            _ if dice.chance(35) => "chargeback",
            "commerce" => "return",
            _ => "refund",
        };
        let amount = if dice.chance(35) { left } else { dice.number(0, left) } + i64::from(dice.chance(8));
        let id = format!("{}-r{n}", charge["event_id"]);
        let row = reversal(dice, log, charge, &id, kind, amount);
        left = (left - amount).max(0);
        if kind == "chargeback" && dice.chance(60) {
            rows.push((log, won(dice, log, &row)));
            left += amount;
        }
        rows.push((log, row));
    }
}

fn later(dice: &mut Dice, time: i64) -> i64 {
    let end = dice.zone.start_of(first_day(dice.first + dice.months)) - 1;
    let days = if dice.chance(60) { 20 } else { 70 };
    (time + dice.number(0, days * 24 * 60) * MINUTE).min(end + DAY)
}

fn reversal(dice: &mut Dice, log: &str, charge: &Line, id: &str, kind: &str, amount: i64) -> Line {
    let time = later(dice, parse_instant(&charge["event_time"]));
    let mut row = head(dice, id, kind, &charge["creator_id"], time);
    for column in ["currency", "tier", "channel", "commission_bps", "payer_id", "payer_country"] {
        row.extend(charge.get(column).map(|text| (column.to_owned(), text.clone())));
    }
    if dice.chance(3) {
        set(&mut row, "currency", dice.one_of(&["EUR", "USD"]));
    }
    set(&mut row, "amount_minor", amount);
    set(&mut row, "original_id", &charge["event_id"]);
    if dice.chance(70) {
        set(&mut row, "original_time", &charge["event_time"]);
    }
    stated_part(dice, log, charge, &mut row, amount);
    match dice.number(0, 99) {
        0..=5 => drop(row.remove("original_id")),
        6..=10 => set(&mut row, "original_id", format!("lost-{id}")),
        _ => {}
    }
    row
}

/// Tax and fee of a reversal: mostly left to proportion, else all of it or none.
fn stated_part(dice: &mut Dice, log: &str, charge: &Line, row: &mut Line, amount: i64) {
    let full = amount == int(charge, "amount_minor");
    if charge.contains_key("tax_minor") && dice.chance(40) {
        set(row, "tax_minor", if full && dice.chance(60) { int(charge, "tax_minor") } else { 0 });
    }
    if ["gifts", "subscriptions"].contains(&log) && dice.chance(15) {
        let stated = charge.contains_key("channel_fee_minor");
        let most = (amount - int(row, "tax_minor")) / 4;
        set(row, "channel_fee_minor", if stated || dice.chance(50) { 0 } else { dice.number(0, most) });
    }
}

/// Mostly of the whole order, now and then of its product, or of another creator's.
fn delivered(dice: &mut Dice, order: &Line) -> Line {
    let time = later(dice, parse_instant(&order["event_time"]));
    let creator = if dice.chance(90) { &order["creator_id"] } else { "ada" };
    let mut row = head(dice, &format!("{}-d", order["event_id"]), "delivered", creator, time);
    let columns: &[&str] = if dice.chance(60) { &["order_id"] } else { &["order_id", "product_id"] };
    for column in columns {
        row.extend(order.get(*column).map(|text| ((*column).to_owned(), text.clone())));
    }
    row
}

fn won(dice: &mut Dice, log: &str, chargeback: &Line) -> Line {
    let time = later(dice, parse_instant(&chargeback["event_time"])) + 1;
    let id = format!("{}-won", chargeback["event_id"]);
    let mut row = head(dice, &id, "chargeback_won", &chargeback["creator_id"], time);
    for column in ["currency", "tier", "channel", "commission_bps"] {
        row.extend(chargeback.get(column).map(|text| (column.to_owned(), text.clone())));
    }
    let amount = int(chargeback, "amount_minor");
    let amount = if dice.chance(60) { amount } else { dice.number(0, amount) } + i64::from(dice.chance(8));
    set(&mut row, "amount_minor", amount);
    set(&mut row, "original_id", &chargeback["event_id"]);
    let soonest = if log == "gifts" { 1 } else { int(chargeback, "arrival") };
    let arrival = int(&row, "arrival").max(soonest);
    set(&mut row, "arrival", arrival);
    row
}

fn engagement(dice: &mut Dice, id: String) -> Line {
    let (time, creator) = (often_the_same_day(dice), dice.one_of(&CREATORS));
    let kind = dice.one_of(&["view", "view", "post"]);
    let mut row = head(dice, &id, kind, creator, time);
    payer(dice, &mut row);
    if dice.chance(95) {
        set(&mut row, "content_id", dice.one_of(&["song", "play", "talk", "game"]));
    }
    set(&mut row, "seconds", dice.number(0, 900));
    set(&mut row, "audience", dice.one_of(&["all", "subscribers", "subscribers"]));
    if kind == "view" {
        set(&mut row, "views", dice.number(0, 60_000));
    }
    if dice.chance(70) {
        set(&mut row, "tracks", dice.number(0, 2));
    }
    row
}

/// A charge that fills a pot, and what goes back of it: in good order, so that no payer's pot is negative.
fn premium(dice: &mut Dice, id: &str, book: &mut TextBook) {
    let (time, creator) = (instant(dice), dice.one_of(&CREATORS));
    let kind = dice.one_of(&["start", "renew"]);
    let mut row = head(dice, id, kind, creator, time);
    payer(dice, &mut row);
    let (amount, currency) = (dice.number(0, 2_000), dice.one_of(&["EUR", "EUR", "USD"]));
    row.extend(line(&[("tier", "premium"), ("currency", currency)]));
    set(&mut row, "amount_minor", amount);
    if dice.chance(40) {
        set(&mut row, "tax_minor", amount / 6);
    }
    let mut left = amount;
    for n in 0..dice.number(0, 2) {
        let back = if dice.chance(50) { left } else { dice.number(0, left) };
        let at = later(dice, time);
        let mut refund = head(dice, &format!("{id}-r{n}"), "refund", creator, at);
        refund.extend(line(&[("tier", "premium"), ("currency", currency), ("original_id", id)]));
        set(&mut refund, "amount_minor", back);
        let arrival = int(&refund, "arrival").max(int(&row, "arrival"));
        set(&mut refund, "arrival", arrival);
        book.event("subscriptions", &refund);
        left -= back;
    }
    book.event("subscriptions", &row);
}

fn adjustment(dice: &mut Dice, id: String) -> Line {
    let time = instant(dice);
    let kind = dice.one_of(&["credit", "debit"]);
    let mut row = head(dice, &id, kind, "", time);
    row.retain(|_, text| !text.is_empty());
    let party = if dice.chance(80) { dice.one_of(&CREATORS) } else { dice.one_of(&OTHERS) };
    set(&mut row, "party_id", party);
    set(&mut row, "amount_minor", dice.number(1, 3_000));
    set(&mut row, "currency", dice.one_of(&["EUR", "USD", "GBP"]));
    set(&mut row, "reason", "a reason");
    set(&mut row, "requested_by", "Mia Berg");
    set(&mut row, "approved_by", dice.one_of(&["Tom Falk", "Tom Falk", "Tom Falk", " mia berg"]));
    row
}

/// Beside a row: perhaps the same again, another content under its id, or a broken form of it.
fn spoiled(dice: &mut Dice, book: &mut TextBook, log: &str, row: &Line) {
    let mut other = row.clone();
    let delivery = dice.number(1, dice.last_delivery());
    match dice.number(0, 99) {
        0..=7 => {}
        8..=11 if row["kind"] == "delivered" => set(&mut other, "product_id", "sock"),
        12..=19 if row["kind"] == "delivered" => return,
        8..=11 if log != "engagement" => set(&mut other, "amount_minor", int(row, "amount_minor") + 1),
        8..=11 => set(&mut other, "content_kind", "video"),
        12..=19 if log != "engagement" => break_it(dice, &mut other),
        _ => return,
    }
    set(&mut other, "arrival", delivery);
    book.event(log, &other);
}

fn break_it(dice: &mut Dice, row: &mut Line) {
    match dice.number(0, 6) {
        _ if row.contains_key("party_id") && dice.chance(40) => drop(row.remove("party_id")),
        0..=2 => set(row, "currency", "XXX"),
        3 => set(row, "tax_minor", int(row, "amount_minor") + 1),
        4 => drop(row.remove(if row.contains_key("party_id") { "party_id" } else { "creator_id" })),
        5 => set(row, "kind", "surprise"),
        _ => drop(row.remove("event_id")),
    }
}
