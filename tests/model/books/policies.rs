//! Random policies over the whole grammar that the model knows.

use super::Dice;

const PERCENTS: [&str; 8] = ["70 %", "50 %", "33.3 %", "97 %", "12.34 %", "66.667 %", "85 %", "90 %"];
const FEES: [&str; 5] = ["30 %", "15 %", "2.9 %", "12.5 %", "33.33 %"];
const MODES: [&str; 3] = ["half_even", "half_up", "floor"];

/// A policy file.
pub fn text(dice: &mut Dice) -> String {
    let mut text = live(dice) + &members(dice) + &game(dice) + &gifts(dice) + &shop(dice) + &brand(dice);
    text += &(tokens(dice) + &daily(dice) + &super::pools::text(dice) + &units());
    text += &measure("views_30d", "kind = 'view'", "sum = \"views\"", dice);
    text += &measure("posts_30d", "kind = 'post' and audience = 'subscribers'", "count = true", dice);
    text += &people(dice);
    text += &enrolment(dice);
    if dice.chance(60) {
        return text + &terms(dice, "1", "2026-01-01", None);
    }
    let change = dice.one_of(&["2026-11-01", "2026-11-16", "2026-12-31"]);
    text += &terms(dice, "1", "2026-01-01", Some(change));
    text + &terms(dice, "2", change, None)
}

fn terms(dice: &mut Dice, version: &str, from: &str, to: Option<&str>) -> String {
    let to = to.map_or(String::new(), |to| format!("valid_to = {to}\n"));
    let (least, back) = (dice.number(0, 60), dice.number(5, 7));
    let fx = dice.one_of(&["period_end", "period_end", "event_day", "period_average"]);
    format!("[[terms]]\nversion = \"{version}\"\nvalid_from = {from}\n{to}fx_date = \"{fx}\"\n")
        + &format!("fx_max_days_back = {back}\n")
        + &settlement(dice)
        + &format!("minimum_payout = {{ EUR = \"{least}.00\", USD = \"25.50\", JPY = \"1000\" }}\ndue_days = 15\n\n")
}

/// Units that programs may be paid in; only by programs whose currencies always have rates.
fn units() -> String {
    "[[unit]]\nname = \"diamond\"\ndigits = 0\ncurrency = \"USD\"\n".to_owned()
        + "rates = [ { from = 2026-01-01, rate = \"0.037\" }, { from = 2026-11-10, rate = \"0.05\" } ]\n\n"
        + "[[unit]]\nname = \"shell\"\ndigits = 1\ncurrency = \"EUR\"\nrates = [ { from = 2026-01-01, rate = \"1/3\" } ]\n\n"
}

/// Often none.
fn unit(dice: &mut Dice) -> &'static str {
    dice.one_of(&["", "", "unit = \"diamond\"\n", "unit = \"shell\"\n"])
}

/// What terms say beyond the minimum.
fn settlement(dice: &mut Dice) -> String {
    let mut text = String::new();
    let (hold, kept, months) = (dice.number(5, 45), dice.number(20, 70), dice.number(1, 2));
    if dice.chance(35) {
        text += &format!("hold = {{ days = {hold} }}\n");
    }
    if dice.chance(40) {
        text += &format!("reserve = {{ percent = \"7.5 %\", days = {kept} }}\n");
    }
    if dice.chance(20) {
        text += "withholding = [ { tax = \"federal\", name = \"no_form\", when = \"tax_form is null\", percent = \"24 %\" }, ";
        text += "{ tax = \"state\", name = \"de\", when = \"country = 'DE'\", percent = \"7.5 %\" }, ";
        text += "{ tax = \"federal\", name = \"treaty\", percent = \"15 %\", payers = [\"US\"] }, ";
        text += "{ tax = \"levy\", name = \"levy\", percent = \"0.5 %\", of = \"rest\" } ]\n";
    } else if dice.chance(50) {
        text += "withholding = [ { name = \"no_form\", when = \"tax_form is null and country = 'DE'\", percent = \"24 %\" }, ";
        text += "{ name = \"treaty\", when = \"country in ('GB', 'DE')\", percent = \"15 %\", payers = [\"US\"] }, ";
        text += "{ name = \"no_treaty\", percent = \"30 %\", payers = [\"TR\", \"US\"] } ]\n";
    }
    if dice.chance(20) {
        text += "below_minimum = \"forfeit\"\n";
    } else if dice.chance(40) {
        text += &format!("expires_months = {months}\n");
    }
    if dice.chance(30) {
        text += dice.one_of(&[
            "order = [\"reserve\", \"withholding\", \"recoupment\", \"stand_in\"]\n",
            "order = [\"recoupment\", \"stand_in\", \"reserve\", \"withholding\"]\n",
        ]);
    }
    text
}

/// The policies with another share, or another rule about who is eligible, from a delivery on; and who signs for it.
pub fn amended(dice: &mut Dice, text: &str) -> Option<(u32, String, String)> {
    if dice.chance(60) {
        return None;
    }
    let name = dice.one_of(&["gifts", "members", "live_subs", "fans", "shorts"]);
    let at = text.find(&format!("name = \"{name}\""))?;
    let (before, program) = text.split_at(at);
    let program = if name == "live_subs" {
        program.replacen("followers >= 1000\"", "followers >= 3000\"", 1)
    } else {
        let share = program.split("share = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a share");
        program.replacen(
            &format!("share = \"{share}\""),
            &format!("share = \"{}\"", dice.one_of(&["44 %", "71.5 %"])),
            1,
        )
    };
    let signed = format!(
        "[[correction]]\nprogram = \"{name}\"\nversion = \"1\"\nreason = \"a wrong number\"\n\
         requested_by = \"Mia Berg\"\napproved_by = \"Tom Falk\"\n"
    );
    let delivery = u32::try_from(2 * dice.number(1, dice.months - 1) + 1).expect("few months");
    Some((delivery, before.to_owned() + &program, signed))
}

fn head(name: &str, version: &str, from: &str, to: Option<&str>, log: &str) -> String {
    let to = to.map_or(String::new(), |to| format!("valid_to = {to}\n"));
    format!("[[program]]\nname = \"{name}\"\nversion = \"{version}\"\nvalid_from = {from}\n{to}log = \"{log}\"\n")
}

/// Rounding, odd cents and the FX date.
pub fn tail(dice: &mut Dice, round_at: &str) -> String {
    let fx = dice.one_of(&["", "", "fx_date = \"event_day\"\n", "fx_date = \"period_average\"\n"]);
    let (mode, odd) = (dice.one_of(&MODES), dice.one_of(&["first", "rotate", "platform"]));
    format!("round_at = \"{round_at}\"\nrounding = \"{mode}\"\nodd_cents = \"{odd}\"\n{fx}\n")
}

fn grain(dice: &mut Dice) -> &'static str {
    dice.one_of(&["line", "event"])
}

/// Eligibility, bonuses with caps, and a new version in the middle of a month.
fn live(dice: &mut Dice) -> String {
    let change = dice.one_of(&["2026-11-01", "2026-11-16", "2026-12-08"]);
    let first = live_version(dice, "1", "2026-01-01", Some(change));
    first + &live_version(dice, "2", change, None)
}

fn live_version(dice: &mut Dice, version: &str, from: &str, to: Option<&str>) -> String {
    let mut text = head("live_subs", version, from, to, "subscriptions");
    text += "where = \"tier = 'live'\"\n";
    text += "eligible = [ { rule = \"age_18\", when = \"age >= 18\" }, { rule = \"followers_1000\", when = \"followers >= 1000\" } ]\n";
    let (points, amount, currency) = (dice.number(1, 20), dice.number(0, 40), dice.one_of(&["EUR", "USD"]));
    let people = dice.number(1, 3);
    text += &format!("share = \"{}\"\n", dice.one_of(&["38 %", "41.7 %", "50 %", "59.5 %"]));
    text += "bonus = [ { name = \"reach\", points = \"13.5\", when = \"followers >= 10000 and views_30d >= 100000 and posts_30d >= 3\" }, ";
    text += &format!("{{ name = \"wide\", points = \"6.5\", when = \"people >= {people}\" }}, ");
    text += &format!(
        "{{ name = \"extra\", points = \"{points}.5\", cap = {{ amount = \"{amount}.25\", currency = \"{currency}\" }} }} ]\n"
    );
    if dice.chance(40) {
        text += "max_share = \"79 %\"\n";
    }
    let grain = grain(dice);
    text + unit(dice) + &tail(dice, grain)
}

/// Rounded per event, the steps too.
fn members(dice: &mut Dice) -> String {
    let round = if dice.chance(50) { format!(", round = \"{}\"", dice.one_of(&MODES)) } else { String::new() };
    let (fee, share, cut) = (dice.one_of(&FEES), dice.one_of(&PERCENTS), dice.one_of(&["10 %", "7.25 %"]));
    let fixed = ", fixed = { EUR = \"0.25\", USD = \"0.30\", JPY = \"31\", GBP = \"0.20\" }";
    let (of_fee, of_cut) = at_one_place(dice, fixed);
    head("members", "1", "2026-01-01", None, "subscriptions")
        + "where = \"tier = 'member'\"\n"
        + &format!(
            "deductions = [ {{ name = \"channel_fee\", percent = \"{fee}\"{of_fee}{round} }}, {{ name = \"platform_fee\", percent = \"{cut}\"{of_cut} }} ]\n"
        )
        + &format!("share = \"{share}\"\n")
        + &tail(dice, "event")
}

/// Another share in the first month; the store's fee only where there is a store.
fn game(dice: &mut Dice) -> String {
    let (fee, cut) = (dice.one_of(&FEES), dice.one_of(&FEES));
    let of = dice.one_of(&["rest", "amount"]);
    let grain = grain(dice);
    head("game", "1", "2026-01-01", None, "subscriptions")
        + "where = \"tier = 'game'\"\n"
        + &format!("deductions = [ {{ name = \"channel_fee\", percent = \"{fee}\", when = \"channel <> 'web'\" }}, ")
        + &format!("{{ name = \"platform_fee\", percent = \"{cut}\", of = \"{of}\" }} ]\n")
        + "share = [ { when = \"tenure_months = 1\", percent = \"70 %\" }, { when = \"plus = 1\", percent = \"91.5 %\" }, { percent = \"100 %\" } ]\n"
        + &tail(dice, grain)
}

fn gifts(dice: &mut Dice) -> String {
    let (fee, share) = (dice.one_of(&FEES), dice.one_of(&PERCENTS));
    let grain = grain(dice);
    let kept = if dice.chance(30) { "kept = \"share\"\n" } else { "" };
    head("gifts", "1", "2026-01-01", None, "gifts")
        + &format!("deductions = [ {{ name = \"channel_fee\", percent = \"{fee}\" }} ]\nshare = \"{share}\"\n")
        + kept
        + dice.one_of(&["", "", "hold = { days = 0 }\n", "hold = { days = 21 }\n"])
        + &tail(dice, grain)
}

fn shop(dice: &mut Dice) -> String {
    let listed = match dice.number(0, 2) {
        0 => "deductions = [ { name = \"channel_fee\", percent = \"0 %\" } ]\n",
        1 => {
            "deductions = [ { name = \"tax\", percent = \"15.97 %\" }, { name = \"card_fee\", percent = \"2.9 %\", account = \"channel_fees\", of = \"amount\" } ]\n"
        }
        _ => "",
    };
    let grain = grain(dice);
    head("shop", "1", "2026-01-01", None, "commerce")
        + listed
        + dice.one_of(&[
            "share = { column = \"commission_bps\", per = 10000 }\n",
            "share = [ { rates = \"commission\", by = \"product_id\", cut_after_days = 30, percent = \"6 %\" } ]\n",
        ])
        + dice.one_of(&["", "hold = { after = \"delivered\", days = 15 }\n"])
        + &on_top(dice, &["60 %", "88.5 %", "100 %"])
        + unit(dice)
        + &tail(dice, grain)
}

/// Bonuses on top of shares that differ from event to event, up to a share.
fn on_top(dice: &mut Dice, most: &[&'static str]) -> String {
    if dice.chance(50) {
        return String::new();
    }
    let (cap, most) = (dice.number(1, 9), dice.one_of(most));
    let cap = if dice.chance(50) {
        format!(", cap = {{ amount = \"{cap}.40\", currency = \"EUR\" }}")
    } else {
        String::new()
    };
    format!(
        "bonus = [ {{ name = \"launch\", points = \"7.5\"{cap} }}, {{ name = \"loyal\", points = \"25\" }} ]\nmax_share = \"{most}\"\n"
    )
}

fn brand(dice: &mut Dice) -> String {
    let whole = dice.chance(30);
    let window = dice.one_of(&["period", "year", "lifetime", "lifetime"]);
    let mode = if whole { "whole" } else { "marginal" };
    let basis = dice.one_of(if whole { &["gross", "net"] } else { &["gross", "net", "earned", "earned"] });
    let currency = dice.one_of(&["EUR", "USD"]);
    let (low, high) = (dice.number(20, 120), dice.number(130, 400));
    let grain = if whole { "line" } else { grain(dice) };
    let tail = tail(dice, grain);
    head("brand", "1", "2026-01-01", None, "brand_deals")
        + "deductions = [ { name = \"platform_fee\", percent = \"4.5 %\" } ]\n"
        + &on_top(dice, &["97 %", "99.25 %", "100 %"])
        + &tail
        + &format!(
            "[program.tiers]\nwindow = \"{window}\"\nbasis = \"{basis}\"\ncurrency = \"{currency}\"\nmode = \"{mode}\"\n"
        )
        + &format!(
            "bands = [ {{ from = \"0.00\", percent = \"97 %\" }}, {{ from = \"{low}.00\", percent = \"80 %\" }}, "
        )
        + &format!("{{ from = \"{high}.50\", percent = \"55.5 %\" }} ]\n\n")
}

/// Fixed money for each event, borne by the platform.
fn tokens(dice: &mut Dice) -> String {
    let step = if dice.chance(30) { "deductions = [ { name = \"card\", percent = \"3 %\" } ]\n" } else { "" };
    let (amount, currency, grain) = (dice.number(0, 3), dice.one_of(&["USD", "EUR", "JPY"]), grain(dice));
    let rest = if dice.chance(50) { ", { amount = \"7\", currency = \"JPY\" }" } else { "" };
    head("tokens", "1", "2026-01-01", None, "subscriptions")
        + "where = \"tier = 'token'\"\n"
        + "eligible = [ { rule = \"followers_1000\", when = \"followers >= 1000\" } ]\n"
        + step
        + &format!(
            "pay_each = [ {{ when = \"payer_country = 'US'\", amount = \"{amount}\", currency = \"{currency}\" }}, "
        )
        + &format!("{{ when = \"payer_country = 'TR'\", amount = \"0.09\", currency = \"USD\" }}{rest} ]\n")
        + &tail(dice, grain)
}

/// The first things that a payer looks at long enough.
fn daily(dice: &mut Dice) -> String {
    let (n, within) = (dice.number(1, 3), dice.one_of(&["day", "period"]));
    let of = dice.one_of(&["content_id", "creator_id"]);
    let least = dice.number(300, 900);
    let having =
        if dice.chance(70) { format!(", having = {{ sum = \"seconds\", at_least = {least} }}") } else { String::new() };
    let grain = grain(dice);
    head("daily", "1", "2026-01-01", None, "engagement")
        + "where = \"kind = 'view'\"\n"
        + "pay_each = [ { when = \"payer_country = 'US'\", amount = \"0.05\", currency = \"USD\" }, "
        + dice.one_of(&["{ amount = \"0.04\", currency = \"EUR\" } ]\n", "{ units = 5 } ]\nunit = \"shell\"\n"])
        + &format!("first = {{ n = {n}, of = \"{of}\", per = \"payer_id\", within = \"{within}\"{having} }}\n")
        + &tail(dice, grain)
}

/// The text at the first place, the second, or neither.
fn at_one_place<'a>(dice: &mut Dice, text: &'a str) -> (&'a str, &'a str) {
    match dice.number(0, 2) {
        0 => (text, ""),
        1 => ("", text),
        _ => ("", ""),
    }
}

fn measure(name: &str, when: &str, what: &str, dice: &mut Dice) -> String {
    let (end, late) =
        (dice.one_of(&["event_day", "event_day", "period_end"]), dice.one_of(&["rerate", "rerate", "frozen"]));
    format!(
        "[[measure]]\nname = \"{name}\"\nlog = \"engagement\"\nwhere = \"{when}\"\n{what}\ndays = 30\nend = \"{end}\"\n\
         late = \"{late}\"\n\n"
    )
}

/// How many different people came, or saw how many different things.
fn people(dice: &mut Dice) -> String {
    let (end, late) =
        (dice.one_of(&["event_day", "event_day", "period_end"]), dice.one_of(&["rerate", "rerate", "frozen"]));
    let (what, log) = (dice.one_of(&["payer_id", "payer_id", "content_id"]), "engagement");
    let (what, log) = if dice.chance(20) { ("product_id", "commerce") } else { (what, log) };
    let window = dice.one_of(&["days = 5", "days = 30", "days = 45", "months = 1", "months = 2"]);
    format!("[[measure]]\nname = \"people\"\nlog = \"{log}\"\ndistinct = \"{what}\"\n")
        + dice.one_of(&["", "where = \"payer_country = 'US'\"\n"])
        + &format!("{window}\nend = \"{end}\"\nlate = \"{late}\"\n\n")
}

/// Points of whole months, or the people of one, and who is enrolled by them.
fn enrolment(dice: &mut Dice) -> String {
    let (in_a_row, lasts) = (dice.number(1, 2), dice.number(1, 2));
    let late = dice.one_of(&["rerate", "rerate", "frozen"]);
    let (least, points) = if dice.chance(35) {
        (dice.number(1, 3), "log = \"engagement\"\ndistinct = \"payer_id\"\n")
    } else {
        let points = "log = \"subscriptions\"\nwhere = \"kind in ('start', 'renew')\"\n\
                      sum = \"case tier when 'live' then 1 when 'game' then 2 else 0 end\"\n";
        (dice.number(2, 5), points)
    };
    format!("[[measure]]\nname = \"points\"\n{points}months = 1\nend = \"period_end\"\nlate = \"{late}\"\n\n")
        + &format!("[[measure]]\nname = \"plus\"\nof = \"points\"\nat_least = {least}\n")
        + &format!("months_in_a_row = {in_a_row}\nlasts_months = {lasts}\n\n")
}
