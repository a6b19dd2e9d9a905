//! The journal: postings by entry, debit positive, every entry balanced.

use std::collections::BTreeMap;

use super::booking::Entry as Earning;
use super::calendar::Month;

/// What makes an entry: postings that agree in it belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub kind: &'static str,
    pub month: Option<Month>,
    pub cause: Option<&'static str>,
    pub program: Option<String>,
    /// What keeps entries apart that agree so far: party, currencies, log, channel.
    pub apart: Vec<String>,
}

/// Where an amount stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub account: String,
    pub party: Option<String>,
    pub currency: String,
    pub log: Option<String>,
    pub channel: Option<String>,
}

/// All postings of a run, one for each place of an entry.
#[derive(Default)]
pub struct Journal(pub BTreeMap<(Entry, Place), i64>);

/// What party sides booked: by party, payout currency, program, whether current, and whether it lacks a rate.
pub type Earned = BTreeMap<(String, String, String, bool, bool), i64>;

/// Program, currency, month, and where the money of a pot stands.
pub type PotKey = (String, String, Month, Place);

impl Place {
    /// An account of the platform.
    pub fn account(account: &str, currency: &str) -> Self {
        Self { account: account.to_owned(), currency: currency.to_owned(), ..Self::default() }
    }

    /// An account of a party.
    pub fn party(account: &str, currency: &str, party: &str) -> Self {
        Self { party: Some(party.to_owned()), ..Self::account(account, currency) }
    }

    /// By log and channel.
    pub fn of(self, log: &str, channel: Option<&str>) -> Self {
        Self { log: Some(log.to_owned()), channel: channel.map(str::to_owned), ..self }
    }
}

impl Journal {
    /// Adds to a posting.
    pub fn post(&mut self, entry: &Entry, place: Place, minor: i64) {
        *self.0.entry((entry.clone(), place)).or_default() += minor;
    }

    /// The platform's side of a row of earnings: gross comes in (from payers, or out of a pot), tax, fees and revenue are named, the creator side is handed
    /// over.
    pub fn platform_side(&mut self, e: &Earning) {
        let cur = e.key.currency.as_str();
        let entry = Entry { apart: vec!["platform".to_owned(), cur.to_owned()], ..entry_of(e) };
        let brings = if e.by.of_pot { "pool" } else { "payer_clearing" };
        for (channel, (gross, tax, fee)) in &e.by.channels {
            for (account, minor) in [(brings, *gross), ("tax_payable", -tax), ("channel_fees", -fee)] {
                self.post(&entry, Place::account(account, cur).of(&e.by.log, channel.as_deref()), minor);
            }
        }
        for (_, account, minor) in &e.by.steps {
            self.post(&entry, Place::account(account, cur), -minor);
        }
        self.post(&entry, Place::account("payer_clearing", cur), -e.by.creator);
        self.post(&entry, Place::account("platform_revenue", cur), -e.by.platform - e.by.expense);
        self.post(&entry, Place::account("platform_expense", cur), e.by.expense);
    }

    /// What moved of the money of pots.
    pub fn pot(&mut self, cause: &'static str, (program, currency, month, place): &PotKey, minor: i64) {
        let (month, cause, program) = (Some(*month), Some(cause), Some(program.clone()));
        let entry = Entry { kind: "pool", month, cause, program, apart: vec![currency.clone()] };
        self.post(&entry, place.clone(), minor);
    }

    /// The parties' side of a row of earnings, through `fx` where currencies differ.
    pub fn party_side(&mut self, e: &Earning, earned: &mut Earned) {
        let cur = e.key.currency.as_str();
        for part in &e.by.parts {
            let party = part.place.2.as_str();
            let (to, paid) = part.paid.map_or((cur, part.minor), |paid| (part.payout_currency.as_str(), paid));
            let apart = ["party", party, cur, to].map(str::to_owned).to_vec();
            let entry = Entry { apart, ..entry_of(e) };
            self.post(&entry, Place::account("payer_clearing", cur), part.minor);
            if cur != to {
                self.post(&entry, Place::account("fx", cur), -part.minor);
                self.post(&entry, Place::account("fx", to), paid);
            }
            self.post(&entry, Place::party("party_payable", to, party), -paid);
            let key = (
                party.to_owned(),
                to.to_owned(),
                e.key.program.clone(),
                e.cause == "current",
                to != part.payout_currency,
            );
            *earned.entry(key).or_default() += paid;
        }
    }

    /// # Panics
    /// An entry does not balance in a currency.
    pub fn check(&self) {
        let mut sums: BTreeMap<(&Entry, &str), i64> = BTreeMap::new();
        for ((entry, place), minor) in &self.0 {
            *sums.entry((entry, &place.currency)).or_default() += minor;
        }
        assert!(sums.values().all(|sum| *sum == 0), "an entry does not balance: {sums:?}");
    }
}

fn entry_of(e: &Earning) -> Entry {
    Entry {
        kind: "earning",
        month: Some(e.key.month),
        cause: Some(e.cause),
        program: Some(e.key.program.clone()),
        apart: Vec::new(),
    }
}
