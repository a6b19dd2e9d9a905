//! The steps of a settlement: holds, debts that move, stand-ins, recoupment, withholding, reserve, minimum.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::sheet::Line;

use super::calendar::{Day, Month, first_day, last_day, parse_day};
use super::condition::Value;
use super::journal::Place;
use super::number::{half_even, parse, q, ten_to};
use super::policy::Fx;
use super::references::digits;
use super::release::Release;
use super::settlement::{Given, Key, Row, Settlement, aged};

/// What one settlement hands to the next.
#[derive(Clone, Default)]
pub struct Carried {
    /// By party, currency and program: what is on hold until when.
    held: BTreeMap<(String, String, String), BTreeMap<Release, i64>>,
    /// Party, currency, the month that kept it, the day of its release if anybody has said.
    reserve: BTreeMap<(String, String, Month, Option<Day>), i64>,
    /// By advance: granted, recouped.
    advances: BTreeMap<String, (i64, i64)>,
    /// What bases fell short of nothing: by advance, by account.
    recoupment_rests: BTreeMap<String, i64>,
    withholding_rests: BTreeMap<(Key, Option<String>), i64>,
    /// By party, currency and country: all that became payable of what its payers brought.
    payers: BTreeMap<(String, String, String), i64>,
}

impl Carried {
    /// In the first month: what the system before handed over. An older advance that a party had has been recouped up to
    /// what is left of its balance, the newest being the last to be recouped.
    pub fn opened(given: &Given) -> Self {
        let (mut carried, mut owed) = (Self::default(), BTreeMap::new());
        for ((account, party, cur), months) in &given.before.balances.ages {
            let Some(party) = party else { continue };
            for (month, minor) in months {
                match account.as_str() {
                    "party_reserve" => {
                        *carried.reserve.entry((party.clone(), cur.clone(), *month, None)).or_default() -= minor;
                    }
                    "advance_receivable" => *owed.entry((party.clone(), cur.clone())).or_default() += minor,
                    _ => {}
                }
            }
        }
        if given.before.balances.closing.is_empty() {
            return carried;
        }
        let first = first_day(given.before.first);
        for advance in advances(given).into_iter().rev() {
            if advance["from"] == "creator" && parse_day(&advance["valid_from"]) < first {
                let granted: i64 = int(advance, "amount_minor");
                let left: &mut i64 =
                    owed.entry((advance["party_id"].clone(), advance["currency"].clone())).or_default();
                let open = granted.min(*left);
                *left -= open;
                carried.advances.insert(advance["advance_id"].clone(), (granted, granted - open));
            }
        }
        carried
    }
}

/// The oldest first; of one day by id.
fn advances<'a>(given: &Given<'a>) -> Vec<&'a Line> {
    let mut all: Vec<&Line> = given.refs.advances.iter().collect();
    all.sort_by_key(|line| (parse_day(&line["valid_from"]), &line["advance_id"]));
    all
}

fn int(line: &Line, column: &str) -> i64 {
    line[column].parse().expect("a whole number")
}

fn payable(party: &str, cur: &str) -> Place {
    Place::party("party_payable", cur, party)
}

impl Settlement<'_> {
    fn keys(&self) -> Vec<Key> {
        self.rows.keys().cloned().collect()
    }

    /// Parts without a rate wait in event currency; when the rate has come, they go back.
    pub fn hold_without_rate(&mut self) {
        let mut sums: BTreeMap<(&String, &String), i64> = BTreeMap::new();
        for ((party, cur, ..), minor) in self.inputs.earned.iter().filter(|((.., no_rate), _)| *no_rate) {
            *sums.entry((party, cur)).or_default() += minor;
        }
        for ((party, cur), minor) in sums {
            self.row(party, cur).add("held", minor);
            self.post("hold", None, payable(party, cur), Place::party("party_held", cur, party), minor);
        }
    }

    /// Moves what is on hold to what it is by all that is known now.
    pub fn hold(&mut self) {
        let mut groups = std::mem::take(&mut self.carried.held);
        let mut now: BTreeMap<_, BTreeMap<Release, i64>> = BTreeMap::new();
        for ((party, cur, program, release, _), minor) in &self.inputs.spread {
            let group = (party.clone(), cur.clone(), program.clone());
            *now.entry(group.clone()).or_default().entry(*release).or_default() += minor;
            groups.entry(group).or_default();
        }
        for (group, before) in groups {
            let now = now.remove(&group).unwrap_or_default();
            self.hold_group(&group, &before, &now);
        }
    }

    fn is_due(&self, release: Release) -> bool {
        match release {
            Release::AtOnce => true,
            Release::In(month) => month <= self.given.month,
            Release::Open => false,
        }
    }

    /// What comes due is released as far as it is still owed; the rest was cancelled where it was held.
    fn hold_group(
        &mut self,
        group: &(String, String, String),
        before: &BTreeMap<Release, i64>,
        now: &BTreeMap<Release, i64>,
    ) {
        let (party, cur, program) = group;
        let of = |map: &BTreeMap<Release, i64>, release: Release| map.get(&release).copied().unwrap_or(0);
        let after: BTreeMap<Release, i64> =
            now.iter().filter(|(r, minor)| !self.is_due(**r) && **minor != 0).map(|(r, minor)| (*r, *minor)).collect();
        let still = |release: Release, was: i64| of(now, release).clamp(was.min(0), was.max(0));
        let dated: i64 = before.iter().filter(|(r, _)| self.is_due(**r)).map(|(r, was)| still(*r, *was)).sum();
        let gone = of(before, Release::Open) - of(&after, Release::Open);
        let became_due = self.due_of(party, cur, &|name| name == program, before, &after);
        let releases: BTreeSet<Release> = before.keys().chain(after.keys()).copied().collect();
        for release in releases {
            let (was, is) = (of(before, release), of(&after, release));
            let released = match release {
                Release::Open => (became_due - dated).clamp(0, gone.max(0)),
                _ if self.is_due(release) => still(release, was),
                _ => 0,
            };
            let held = is - was + released;
            let place = || Place::party("party_held", cur, party);
            self.post("release", Some(program), place(), payable(party, cur), released);
            self.post("hold", Some(program), payable(party, cur), place(), held);
            self.row(party, cur).add("hold_released", released);
            self.row(party, cur).add("held", held);
        }
        if !after.is_empty() {
            self.carried.held.insert(group.clone(), after);
        }
    }

    /// What programs paid an account this month, as far as it can be paid now.
    fn due_of(
        &self,
        party: &str,
        cur: &str,
        of: &dyn Fn(&str) -> bool,
        before: &BTreeMap<Release, i64>,
        after: &BTreeMap<Release, i64>,
    ) -> i64 {
        let ours =
            self.inputs.earned.iter().filter(|((p, c, name, _, no_rate), _)| {
                (p.as_str(), c.as_str()) == (party, cur) && of(name) && !no_rate
            });
        let booked: i64 = ours.map(|(_, minor)| minor).sum();
        booked + before.values().sum::<i64>() - after.values().sum::<i64>()
    }

    /// A debt in a currency that the party is no longer paid in goes over to the one that it is, at the month's last rate.
    pub fn move_debts(&mut self) {
        let last = last_day(self.given.month);
        for (party, cur) in self.keys() {
            let debt = self.rows[&(party.clone(), cur.clone())].payable();
            let Some(now) = self.in_place_of(&party, &cur).filter(|_| debt < 0) else { continue };
            let there = self.given.rates.convert(&q(debt), &cur, &now, last, Fx::PeriodEnd);
            let Some(there) = there.map(|exact| half_even(&exact)) else { continue };
            self.post("move", None, Place::account("fx", &cur), payable(&party, &cur), -debt);
            self.post("move", None, payable(&party, &now), Place::account("fx", &now), -there);
            self.row(&party, &cur).add("moved", -debt);
            self.row(&party, &now).add("moved", there);
        }
    }

    /// The currency that a party is paid in, if `cur` is one that it no longer is.
    fn in_place_of(&self, party: &str, cur: &str) -> Option<String> {
        let day = last_day(self.given.month);
        let now = self.given.refs.payout_currency(party, day)?;
        (now != cur && self.given.refs.was_paid_in(party, cur, day)).then(|| now.to_owned())
    }

    /// What a party owes is taken from the one that stands in for it, and on from there: a party is asked when nobody who
    /// owes stands before it in its chain.
    pub fn stand_in(&mut self) {
        let last = last_day(self.given.month);
        let refs = self.given.refs;
        let second = |party: &str| refs.party(party, last).and_then(|row| row.get("stand_in").cloned());
        let behind = |party: &str| {
            let mut chain = vec![party.to_owned()];
            while let Some(next) = second(chain.last().expect("a party")) {
                chain.push(next);
            }
            chain.split_off(1)
        };
        loop {
            let owing: Vec<Key> =
                self.rows.iter().filter(|(_, row)| row.payable() < 0).map(|(k, _)| k.clone()).collect();
            let waits = |(party, cur): &Key| owing.iter().any(|(other, c)| c == cur && behind(other).contains(party));
            let Some((party, cur)) = owing.iter().find(|key| second(&key.0).is_some() && !waits(key)).cloned() else {
                return;
            };
            let (second, debt) = (second(&party).expect("somebody"), -self.row(&party, &cur).payable());
            self.post("stand_in", None, payable(&second, &cur), payable(&party, &cur), debt);
            self.row(&party, &cur).add("stand_in", debt);
            self.row(&second, &cur).add("stand_in", -debt);
        }
    }

    /// Grants what was not granted yet, and recoups: the oldest advance first.
    pub fn recoup(&mut self) {
        let last = last_day(self.given.month);
        for advance in advances(self.given) {
            if parse_day(&advance["valid_from"]) > last {
                continue;
            }
            let (party, cur) = (advance["party_id"].as_str(), advance["currency"].as_str());
            let sign = if advance["from"] == "creator" { 1 } else { -1 };
            let amount = int(advance, "amount_minor");
            let (granted, recouped) = self.carried.advances.get(&advance["advance_id"]).copied().unwrap_or((0, 0));
            let place = Place::party("advance_receivable", cur, party);
            self.post(
                "advance",
                None,
                place.clone(),
                Place::account("payout_clearing", cur),
                sign * (amount - granted),
            );
            let mut part = 0;
            if advance.get("valid_to").is_none_or(|to| last < parse_day(to)) {
                part = self.recouped(advance, amount - recouped);
                self.post("recoup", None, payable(party, cur), place, sign * part);
                if part != 0 {
                    self.row(party, cur).add("recouped", sign * part);
                }
            }
            self.carried.advances.insert(advance["advance_id"].clone(), (amount, recouped + part));
        }
    }

    /// The rate's part of the base: at most what is open; of a party, at most what it would be paid.
    fn recouped(&mut self, advance: &Line, open: i64) -> i64 {
        let id = &advance["advance_id"];
        let rest = self.carried.recoupment_rests.remove(id).unwrap_or(0);
        if open <= 0 {
            return 0;
        }
        let base = rest + self.recoupment_base(advance);
        if base < 0 {
            self.carried.recoupment_rests.insert(id.clone(), base);
            return 0;
        }
        let part = half_even(&(q(base) * parse(&advance["rate"]))).min(open);
        let key = (advance["party_id"].clone(), advance["currency"].clone());
        let room = self.rows.get(&key).map_or(0, Row::room);
        if advance["from"] == "creator" { part.min(room) } else { part }
    }

    fn recoupment_base(&self, advance: &Line) -> i64 {
        let (party, cur) = (&advance["party_id"], &advance["currency"]);
        let named = advance.get("programs");
        let is_of = |program: &str| named.is_none_or(|names| names.split(';').any(|name| name == program));
        if advance["from"] == "platform" {
            let ours = self.inputs.platform.iter().filter(|((p, c, name), _)| (p, c) == (party, cur) && is_of(name));
            return ours.map(|(_, minor)| minor).sum();
        }
        if named.is_none() {
            return self.rows.get(&(party.clone(), cur.clone())).map_or(0, Row::due);
        }
        let held = |held: &BTreeMap<(String, String, String), BTreeMap<Release, i64>>| {
            let ours = held.iter().filter(|((p, c, name), _)| (p, c) == (party, cur) && is_of(name));
            BTreeMap::from([(Release::Open, ours.flat_map(|(_, held)| held.values()).sum::<i64>())])
        };
        let before = self.given.carried.map(|carried| held(&carried.held)).unwrap_or_default();
        self.due_of(party, cur, &is_of, &before, &held(&self.carried.held))
    }

    /// Withholds by the first case that holds for the party on the month's last day.
    pub fn withhold(&mut self) {
        let payers = self.payers();
        let mut taxes: Vec<Option<String>> = Vec::new();
        for case in &self.given.terms.withholding {
            taxes.extend((!taxes.contains(&case.tax)).then(|| case.tax.clone()));
        }
        for key in self.keys() {
            let mut taken = 0;
            for tax in &taxes {
                taken += self.withhold_one(&key, tax, &payers, taken);
            }
        }
        self.carried.payers = payers;
    }

    /// Withholds one tax of a party, of which others have taken before; what it takes.
    fn withhold_one(
        &mut self,
        key: &Key,
        tax: &Option<String>,
        payers: &BTreeMap<(String, String, String), i64>,
        taken: i64,
    ) -> i64 {
        let last = last_day(self.given.month);
        let Some(line) = self.given.refs.party(&key.0, last) else { return 0 };
        let value = |name: &str| line.get(name).map_or(Value::Null, |text| Value::Text(text.clone()));
        let mut cases = self.given.terms.withholding.iter().filter(|case| case.tax == *tax);
        let Some(case) = cases.find(|case| case.when.holds(&value)) else { return 0 };
        let grown = |country: &String| {
            let of = |map: &BTreeMap<_, i64>| {
                map.get(&(key.0.clone(), key.1.clone(), country.clone())).copied().unwrap_or(0)
            };
            of(payers) - of(&self.carried.payers)
        };
        let base = if case.payers.is_empty() { self.rows[key].due() } else { case.payers.iter().map(grown).sum() };
        let rest = (key.clone(), tax.clone());
        let base = base + self.carried.withholding_rests.remove(&rest).unwrap_or(0);
        if base < 0 {
            self.carried.withholding_rests.insert(rest, base);
            return 0;
        }
        let base = if case.of_rest { (base - taken).max(0) } else { base };
        let withheld = half_even(&(q(base) * &case.percent));
        let (party, cur) = key;
        let account = Place { channel: tax.clone(), ..Place::account("withholding_payable", cur) };
        self.post("withhold", None, payable(party, cur), account, withheld);
        self.row(party, cur).add("withheld", withheld);
        withheld
    }

    /// All that became payable by now of what payers of a country brought.
    fn payers(&self) -> BTreeMap<(String, String, String), i64> {
        let mut payers = BTreeMap::new();
        for ((party, cur, _, release, country), minor) in &self.inputs.spread {
            if let Some(country) = country.as_ref().filter(|_| self.is_due(*release)) {
                *payers.entry((party.clone(), cur.clone(), country.clone())).or_default() += minor;
            }
        }
        payers
    }

    /// Releases what has come due, then keeps a part of what the month brought.
    pub fn reserve(&mut self) {
        let last = last_day(self.given.month);
        for ((party, cur, kept, until), minor) in std::mem::take(&mut self.carried.reserve) {
            let until = until.or_else(|| Some(last_day(kept) + self.given.terms.reserve.as_ref()?.1));
            if until.is_none_or(|day| day > last) {
                self.carried.reserve.insert((party, cur, kept, until), minor);
                continue;
            }
            self.post("reserve", None, Place::party("party_reserve", &cur, &party), payable(&party, &cur), minor);
            self.row(&party, &cur).add("reserve_released", minor);
        }
        let Some((part, days)) = self.given.terms.reserve.clone() else { return };
        for (party, cur) in self.keys() {
            let row = self.row(&party, &cur);
            let kept = half_even(&(q(row.due().max(0)) * &part)).min(row.room());
            if kept == 0 {
                continue;
            }
            row.add("reserved", kept);
            self.post("reserve", None, payable(&party, &cur), Place::party("party_reserve", &cur, &party), kept);
            *self.carried.reserve.entry((party, cur, self.given.month, Some(last + days))).or_default() += kept;
        }
    }

    /// Pays what reaches the minimum; of the rest, what is too small or too old lapses.
    pub fn pay(&mut self) {
        for (party, cur) in self.keys() {
            let row = self.rows[&(party.clone(), cur.clone())].clone();
            let payout = if self.is_paid(&party, row.payable(), &cur) { row.payable() } else { 0 };
            let lapsed = if payout == 0 && row.payable() > 0 { self.lapsed(&party, &cur, &row) } else { 0 };
            self.post("payout", None, payable(&party, &cur), Place::account("payout_clearing", &cur), payout);
            self.post("forfeit", None, payable(&party, &cur), Place::account("forfeited", &cur), lapsed);
            self.row(&party, &cur).add("payout", payout);
            self.row(&party, &cur).add("forfeited", lapsed);
        }
    }

    /// In a currency that the party is no longer paid in there is no minimum; a party that nobody knows is not paid.
    fn is_paid(&self, party: &str, payable: i64, cur: &str) -> bool {
        let least = self.given.terms.minimum.get(cur).map(|m| m * ten_to(digits(cur).expect("a currency")));
        let least = least.filter(|_| self.in_place_of(party, cur).is_none());
        let known = self.given.refs.party(party, last_day(self.given.month)).is_some();
        known && payable > 0 && least.is_none_or(|least| q(payable) >= least)
    }

    fn lapsed(&self, party: &str, cur: &str, row: &Row) -> i64 {
        if self.given.terms.forfeits {
            return row.payable();
        }
        let Some(months) = self.given.terms.expires_months else { return 0 };
        let account = ("party_payable".to_owned(), Some(party.to_owned()), cur.to_owned());
        let layers = self.given.prior.ages.get(&account).cloned().unwrap_or_default();
        let layers = aged(layers, row.get("opening") - row.payable(), self.given.month);
        layers.iter().filter(|(month, _)| month + months <= self.given.month).map(|(_, minor)| -minor).sum()
    }
}
