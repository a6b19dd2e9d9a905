//! What must hold between the tables of one run, whatever the policies: nothing lost, made up or paid twice.

use std::collections::BTreeMap;

use super::sheet::Line;
use super::tables::Tables;

/// The sentences that do not hold; `last` are the tables of the close before.
pub fn faults(tables: &Tables, last: Option<&Tables>) -> Vec<String> {
    let mut faults = Faults(Vec::new());
    entries_balance(tables, &mut faults);
    lines_add_up(tables, &mut faults);
    statements_add_up(tables, last, &mut faults);
    balances_roll_forward(tables, last, &mut faults);
    control_rolls_forward(tables, last, &mut faults);
    every_unit_stands_somewhere(tables, &mut faults);
    faults.0
}

struct Faults(Vec<String>);

impl Faults {
    fn unless(&mut self, holds: bool, what: &str, whose: impl std::fmt::Debug) {
        if !holds {
            self.0.push(format!("{what}: {whose:?}"));
        }
    }
}

/// A column of minor units or rows.
pub fn int(line: &Line, column: &str) -> i64 {
    line.get(column).map_or(0, |text| text.parse().unwrap_or_else(|_| panic!("{column} of {line:?}")))
}

fn key(line: &Line, columns: &str) -> Vec<String> {
    columns.split_whitespace().map(|c| line.get(c).cloned().unwrap_or_default()).collect()
}

/// Sums of a column by key.
pub fn sums<'a>(lines: impl IntoIterator<Item = &'a Line>, columns: &str, of: &str) -> BTreeMap<Vec<String>, i64> {
    let mut sums = BTreeMap::new();
    for line in lines {
        *sums.entry(key(line, columns)).or_default() += int(line, of);
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

fn entries_balance(tables: &Tables, faults: &mut Faults) {
    let open = sums(&tables["journal"], "kind earning_period cause program currency", "amount_minor");
    faults.unless(open.is_empty(), "the journal does not balance", open);
}

fn lines_add_up(tables: &Tables, faults: &mut Faults) {
    for line in &tables["earnings"] {
        let list = |column: &str| serde_json::from_str::<Vec<serde_json::Value>>(&line[column]).expect("a list");
        let total =
            |column: &str| list(column).iter().map(|item| item["minor"].as_i64().expect("minor units")).sum::<i64>();
        let named = int(line, "tax_minor") + int(line, "channel_fee_minor") + total("deductions");
        let divided = named + int(line, "creator_minor") + int(line, "platform_minor");
        faults.unless(int(line, "gross_minor") == divided, "gross is not the sum of where it goes", line);
        faults.unless(total("parts") == int(line, "creator_minor"), "the parts are not the creator side", line);
    }
}

fn statements_add_up(tables: &Tables, last: Option<&Tables>, faults: &mut Faults) {
    let payouts = sums(&tables["payouts"], "party_id currency", "amount_minor");
    let paid = sums(&tables["statements"], "party_id currency", "payout_minor");
    faults.unless(payouts == paid, "payouts are not those of the statements", (&payouts, &paid));
    for line in &tables["statements"] {
        let v = |name: &str| int(line, &format!("{name}_minor"));
        let plus = [
            "opening",
            "earned",
            "corrections",
            "adjustments",
            "moved",
            "stand_in",
            "hold_released",
            "reserve_released",
        ];
        let less = v("held") + v("recouped") + v("withheld") + v("reserved");
        faults.unless(plus.iter().map(|c| v(c)).sum::<i64>() - less == v("payable"), "payable does not add up", line);
        faults.unless(v("closing") == v("payable") - v("payout") - v("forfeited"), "closing does not add up", line);
    }
    let side = |name: &str, sign: i64, account: &str| {
        let of_account = tables["balances"].iter().filter(|line| line["account"] == account);
        let mut sums = sums(of_account, "party_id currency", name);
        sums.values_mut().for_each(|v| *v *= sign);
        sums
    };
    for name in ["opening_minor", "closing_minor"] {
        let statements = sums(&tables["statements"], "party_id currency", name);
        faults.unless(
            statements == side(name, -1, "party_payable"),
            "statements are not party_payable",
            (name, &statements),
        );
    }
    if let Some(last) = last {
        let (opening, closing) = (&tables["statements"], &last["statements"]);
        let (opening, closing) =
            (sums(opening, "party_id currency", "opening_minor"), sums(closing, "party_id currency", "closing_minor"));
        faults.unless(opening == closing, "a statement does not open where the last one closed", (opening, closing));
    }
}

fn balances_roll_forward(tables: &Tables, last: Option<&Tables>, faults: &mut Faults) {
    const KEY: &str = "account party_id currency";
    let balances = &tables["balances"];
    for line in balances {
        let moved = int(line, "opening_minor") + int(line, "debit_minor") - int(line, "credit_minor");
        faults.unless(moved == int(line, "closing_minor"), "a balance does not roll forward", line);
    }
    let mut journal = sums(&tables["journal"], KEY, "amount_minor");
    for line in balances {
        *journal.entry(key(line, KEY)).or_default() -= int(line, "debit_minor") - int(line, "credit_minor");
    }
    journal.retain(|_, v| *v != 0);
    faults.unless(journal.is_empty(), "balances move otherwise than the journal", journal);
    let total = sums(balances, "currency", "closing_minor");
    faults.unless(total.is_empty(), "all balances of a currency are not 0", total);
    if let Some(last) = last {
        let (opening, closing) = (sums(balances, KEY, "opening_minor"), sums(&last["balances"], KEY, "closing_minor"));
        faults.unless(opening == closing, "a balance does not open where it closed", (opening, closing));
    }
}

fn control_rolls_forward(tables: &Tables, last: Option<&Tables>, faults: &mut Faults) {
    const KEY: &str = "log currency fate reason";
    let Some(last) = last else { return };
    for (since, total) in
        [("rows", "total_rows"), ("amount_minor", "total_amount_minor"), ("unreadable", "total_unreadable")]
    {
        let mut sum = sums(&last["control"], KEY, total);
        for (key, more) in sums(&tables["control"], KEY, since) {
            *sum.entry(key).or_default() += more;
        }
        sum.retain(|_, v| *v != 0);
        let found = sums(&tables["control"], KEY, total);
        faults.unless(sum == found, "control does not roll forward", (total, sum, found));
    }
}

/// Rated, ineligible, waiting and quarantined money stands on the account that says why.
fn every_unit_stands_somewhere(tables: &Tables, faults: &mut Faults) {
    let mut stands: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for line in &tables["control"] {
        let money = int(line, "total_amount_minor");
        let Some(currency) = line.get("currency") else { continue };
        let counter = if line["log"] == "adjustments" { "platform_expense" } else { "payer_clearing" };
        match line["fate"].as_str() {
            "quarantined" | "waiting" => *stands.entry(("suspense", currency)).or_default() -= money,
            "rated" | "ineligible" => {}
            _ => continue,
        }
        *stands.entry((counter, currency)).or_default() += money;
    }
    for line in &tables["balances"] {
        let closing = int(line, "closing_minor");
        if ["suspense", "payer_clearing"].contains(&line["account"].as_str()) {
            *stands.entry((&line["account"], &line["currency"])).or_default() -= closing;
        }
    }
    stands.retain(|(account, _), v| *v != 0 && *account != "platform_expense");
    faults.unless(stands.is_empty(), "money of control does not stand on its account", stands);
}
