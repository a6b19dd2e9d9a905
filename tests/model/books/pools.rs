//! Random pools: of the reference and of what payers paid, in up to two versions, and the pots that they divide.

use crate::model::calendar::{day_text, first_day, month_text};
use crate::model::output::line;
use crate::model::policy::{Policies, Share};
use crate::support::book::TextBook;

use super::Dice;

/// `premium` is paid by fans; `fans` divides a part of what they pay; `shorts` divides pots of the reference.
pub fn text(dice: &mut Dice) -> String {
    let mut text = String::new();
    if dice.chance(80) {
        let share = dice.one_of(&["0 %", "0 %", "12.5 %"]);
        text += "[[program]]\nname = \"premium\"\nversion = \"1\"\nvalid_from = 2026-01-01\nlog = \"subscriptions\"\n";
        text += &format!("where = \"tier = 'premium'\"\nshare = \"{share}\"\n\n");
        text += &versions(dice, "fans", true);
    }
    if dice.chance(80) {
        text += &versions(dice, "shorts", false);
    }
    text
}

fn versions(dice: &mut Dice, name: &str, of_payers: bool) -> String {
    let change = day_text(first_day(dice.first + dice.number(1, 2)));
    if dice.chance(60) {
        return program(dice, name, "1", ("2026-01-01", None), of_payers);
    }
    let before = program(dice, name, "1", ("2026-01-01", Some(&change)), of_payers);
    before + &program(dice, name, "2", (&change, None), of_payers)
}

fn program(dice: &mut Dice, name: &str, version: &str, (from, to): (&str, Option<&str>), of_payers: bool) -> String {
    let where_ = dice.one_of(&["", "kind = 'view'", "kind = 'view' and followers >= 1000", "views_30d >= 20000"]);
    let where_ = if where_.is_empty() { String::new() } else { format!("where = \"{where_}\"\n") };
    let to = to.map_or(String::new(), |to| format!("valid_to = {to}\n"));
    format!("[[program]]\nname = \"{name}\"\nversion = \"{version}\"\nvalid_from = {from}\n{to}log = \"engagement\"\n")
        + &where_
        + dice.one_of(&["share = \"45 %\"\n", "share = \"97.5 %\"\n", "share = \"100 %\"\n"])
        + dice
            .one_of(&["", "deductions = [ { name = \"music\", percent = \"12.5 %\", account = \"channel_fees\" } ]\n"])
        + &super::policies::tail(dice, "line")
        + &pool(dice, of_payers)
}

fn pool(dice: &mut Dice, of_payers: bool) -> String {
    let rule = dice.one_of(&["pro_rata", "pro_rata", "user_centric", "shapley", "scaled"]);
    let rule = if of_payers || rule != "scaled" { rule } else { "user_centric" };
    let percent = dice.one_of(&["70 %", "33.3 %", "100 %"]);
    let mut text = "pool = { pot = ".to_owned();
    text +=
        &if of_payers { format!("{{ program = \"premium\", percent = \"{percent}\" }}") } else { "\"pots\"".into() };
    text += &format!(", rule = \"{rule}\"");
    text += dice.one_of(&["", ", weight = \"views\"", ", weight = \"views\"", ", weight = \"seconds\""]);
    text += dice.one_of(&["", ", by_country = true"]);
    let readings = if dice.chance(50) { &["whole_month", "after_threshold"][..] } else { &["retroactive"][..] };
    if rule == "pro_rata" && dice.chance(50) {
        text += &format!(", cap_per_payer = {}", dice.number(1, 60_000));
    }
    if dice.chance(40) {
        text += &format!(", {}", threshold(dice, readings));
    }
    text += &multipliers(dice, readings);
    text += &carve_out(dice);
    if of_payers && rule != "pro_rata" {
        text += &format!(", idle_payer = \"{}\"", dice.one_of(&["carry", "platform", "redistribute"]));
    }
    text += &format!(", without_weight = \"{}\"", dice.one_of(&["carry", "platform"]));
    if !of_payers && !text.contains("retroactive") {
        text += dice.one_of(&["", ", late = \"next_period\"", ", late = \"rerate\""]);
    }
    text + " }\n\n"
}

fn threshold(dice: &mut Dice, readings: &[&str]) -> String {
    let (usage, payers, months) = (dice.number(1, 60_000), dice.number(1, 2), dice.number(1, 2));
    let reading = dice.one_of(readings);
    let what = match dice.number(0, 2) {
        0 => format!("usage = {usage}"),
        1 => format!("payers = {payers}"),
        _ => format!("usage = {usage}, payers = {payers}"),
    };
    format!("threshold = {{ {what}, months = {months}, reading = \"{reading}\" }}")
}

fn multipliers(dice: &mut Dice, readings: &[&str]) -> String {
    let mut all = Vec::new();
    for _ in 0..dice.number(0, 2) {
        let times = dice.one_of(&["2", "1.5", "0.25"]);
        let when = dice.one_of(&["", ", when = \"content_id = 'song'\"", ", when = \"country = 'DE' and tracks = 1\""]);
        let reached = if dice.chance(50) { format!(", {}", threshold(dice, readings)) } else { String::new() };
        all.push(format!("{{ times = \"{times}\"{when}{reached} }}"));
    }
    if all.is_empty() { String::new() } else { format!(", multipliers = [ {} ]", all.join(", ")) }
}

fn carve_out(dice: &mut Dice) -> String {
    if dice.chance(60) {
        return String::new();
    }
    let account = dice.one_of(&["", "account = \"channel_fees\", ", "account = \"tax_payable\", "]);
    let (first, last) = (dice.one_of(&["100 %", "85 %"]), dice.one_of(&["1/2", "1/3", "0 %"]));
    format!(
        ", carve_out = {{ {account}stays = [ {{ when = \"tracks = 0\", part = \"{first}\" }}, {{ part = \"{last}\" }} ] }}"
    )
}

/// Most months have a pot of the reference, some have several; a few are corrected when it is too late.
pub fn pots(dice: &mut Dice, book: &mut TextBook) {
    for program in Policies::parse(&book.policies).programs {
        let Share::Pool(pool) = &program.share else { continue };
        for at in (0..dice.months).filter(|_| pool.paid.is_none()) {
            let month = dice.first + at;
            if program.from > first_day(month) || program.to.is_some_and(|to| to <= first_day(month)) {
                continue;
            }
            let countries: &[&str] = if pool.by_country { &["", "US", "TR", "DE"] } else { &[""] };
            for country in countries {
                for currency in ["EUR", "USD"] {
                    if dice.chance(45) {
                        pot(dice, book, &program.name, (country, currency), at);
                    }
                }
            }
        }
    }
}

fn pot(dice: &mut Dice, book: &mut TextBook, program: &str, (country, currency): (&str, &str), at: i64) {
    let known = [2 * at + 1, 2 * dice.number(at, dice.months - 1) + 1];
    for arrival in &known[..if dice.chance(15) { 2 } else { 1 }] {
        let (month, amount) = (month_text(dice.first + at), dice.number(0, 4_000).to_string());
        let cells = [("program", program), ("country", country), ("earning_period", &month), ("currency", currency)];
        let mut row = line(&cells);
        row.extend(line(&[("amount_minor", &amount), ("arrival", &arrival.to_string())]));
        book.reference("pots", &row);
    }
}
