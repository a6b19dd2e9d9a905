//! A book as text: policies, references and logs in CSV, each row with the delivery that brings it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::sheet::{Line, Sheet};

/// The column, of no log and no reference, that says which delivery brings a row.
pub const ARRIVAL: &str = "arrival";

/// The logs of the contract.
pub const LOGS: [&str; 6] = ["adjustments", "brand_deals", "commerce", "engagement", "gifts", "subscriptions"];

/// The references that every book of these tests has.
pub const REFERENCES: [&str; 5] = ["agreements", "creators", "fx_rates", "parties", "pots"];

/// What the system before hands over; three empty sheets where it hands over nothing.
#[derive(Clone, Debug)]
pub struct Cutover {
    pub system: String,
    /// `balances`, `volumes`, `paid_ids`.
    pub sheets: BTreeMap<&'static str, Sheet>,
}

impl Cutover {
    /// The file of a sheet, in the book.
    pub fn file(sheet: &str) -> String {
        format!("cutover/{sheet}.csv")
    }

    /// Whether anything is handed over.
    pub fn is_any(&self) -> bool {
        self.sheets.values().any(|sheet| !sheet.rows.is_empty())
    }

    fn none() -> Self {
        let columns = [
            ("balances", "account party_id currency amount_minor booked_period"),
            ("volumes", "creator_id program window currency basis amount_minor"),
            ("paid_ids", "log event_id"),
        ];
        let sheets = columns.into_iter().map(|(name, columns)| (name, Sheet::new(columns))).collect();
        Self { system: "PayOld".to_owned(), sheets }
    }

    fn settings(&self) -> String {
        if !self.is_any() {
            return String::new();
        }
        let mut text = format!("\n[cutover]\nsystem = \"{}\"\nreason = \"the old system ends\"\n", self.system);
        text += "requested_by = \"Mia Berg\"\napproved_by = \"Tom Falk\"\n";
        text + &self.sheets.keys().map(|name| format!("{name} = \"{}\"\n", Self::file(name))).collect::<String>()
    }
}

/// A book before it is a folder.
#[derive(Clone, Debug)]
pub struct TextBook {
    pub name: String,
    pub zone: String,
    pub first_period: String,
    pub orphan_days: i64,
    /// The content of the one policy file.
    pub policies: String,
    /// What it is from a delivery on, and the corrections that sign for it.
    pub amended: Option<(u32, String, String)>,
    pub logs: BTreeMap<String, Sheet>,
    pub refs: BTreeMap<String, Sheet>,
    pub cutover: Cutover,
    /// Logs whose ids are Int64.
    pub numbered: BTreeSet<String>,
}

impl TextBook {
    /// A book without rows, its sheets under the contract's columns.
    pub fn empty(name: &str, zone: &str, first_period: &str) -> Self {
        let log = |name: &&str| ((*name).to_owned(), Sheet::new(&columns_of(name)));
        let reference = |name: &&str| ((*name).to_owned(), Sheet::new(reference_columns(name)));
        Self {
            name: name.to_owned(),
            zone: zone.to_owned(),
            first_period: first_period.to_owned(),
            orphan_days: 90,
            policies: String::new(),
            amended: None,
            logs: LOGS.iter().map(log).collect(),
            refs: REFERENCES.iter().map(reference).collect(),
            cutover: Cutover::none(),
            numbered: BTreeSet::new(),
        }
    }

    /// The book whose `logs/*.csv` and `refs/*.csv` lie in `dir`.
    pub fn read(dir: &Path, name: &str, zone: &str, first_period: &str, policies: &str) -> Self {
        let mut book = Self::empty(name, zone, first_period);
        policies.clone_into(&mut book.policies);
        for (log, sheet) in &mut book.logs {
            *sheet = Sheet::read(&dir.join(format!("logs/{log}.csv")));
        }
        for (reference, sheet) in &mut book.refs {
            let path = dir.join(format!("refs/{reference}.csv"));
            if path.is_file() {
                *sheet = Sheet::read(&path);
            }
        }
        book
    }

    /// The policy file after a delivery.
    pub fn policies_at(&self, delivered: u32) -> &str {
        self.amended.as_ref().filter(|(from, ..)| *from <= delivered).map_or(&self.policies, |(_, text, _)| text)
    }

    /// Appends a row to a log.
    pub fn event(&mut self, log: &str, cells: &Line) {
        self.logs.get_mut(log).unwrap_or_else(|| panic!("no log {log}")).push(cells);
    }

    /// Appends a row to a reference; advances and referrals are there once they have one.
    pub fn reference(&mut self, reference: &str, cells: &Line) {
        let sheet = self.refs.entry(reference.to_owned());
        sheet.or_insert_with(|| Sheet::new(reference_columns(reference))).push(cells);
    }

    /// Appends a row to a reference of the book's own.
    pub fn own_reference(&mut self, reference: &str, columns: &str, cells: &Line) {
        self.refs.entry(reference.to_owned()).or_insert_with(|| Sheet::new(columns)).push(cells);
    }

    /// Appends a row to a sheet of the cut-over.
    pub fn bring_over(&mut self, sheet: &str, cells: &Line) {
        self.cutover.sheets.get_mut(sheet).unwrap_or_else(|| panic!("no sheet {sheet}")).push(cells);
    }

    /// Its `everycent.toml`. No gate is meant to stand in the way of these stories.
    pub fn settings(&self) -> String {
        let mut text = format!(
            "[book]\nname = \"{}\"\nzone = \"{}\"\nfirst_period = \"{}\"\norphan_days = {}\nsecret = \"book.secret\"\n",
            self.name, self.zone, self.first_period, self.orphan_days
        );
        for log in LOGS {
            text += &format!("\n[log.{log}]\npath = \"logs/{log}\"\n");
            text += "max_quarantine = { rows = \"100 %\", amount = \"100 %\" }\n";
            if log == "engagement" {
                let known = |name: &&str| self.logs[log].columns.iter().any(|c| c == name);
                let attributes: Vec<&str> = ["views", "tracks"].into_iter().filter(known).collect();
                text += &format!("attributes = {attributes:?}\n");
            }
        }
        text += "\n[reference]\n";
        let of_the_contract =
            |name: &&String| REFERENCES.contains(&name.as_str()) || ["advances", "referrals"].contains(&name.as_str());
        for reference in self.refs.keys().filter(of_the_contract) {
            text += &format!("{reference} = \"refs/{reference}.csv\"\n");
        }
        text += "\n[own_reference]\n";
        for reference in self.refs.keys().filter(|name| !of_the_contract(name)) {
            text += &format!("{reference} = \"refs/{reference}.csv\"\n");
        }
        text + "\n[gates]\nfx_change = \"100000 %\"\nreference_correction = \"100000 %\"\n" + &self.cutover.settings()
    }
}

/// The columns of a log, `arrival` last.
pub fn columns_of(log: &str) -> String {
    let head = "event_id event_time kind creator_id payer_id payer_country";
    let money = "amount_minor tax_minor channel_fee_minor currency original_id original_time";
    let own = match log {
        "adjustments" => "party_id reason requested_by approved_by",
        "brand_deals" => "campaign_id brand_id",
        "commerce" => "order_id product_id seller_id category commission_bps",
        "gifts" => "live_id gift_id quantity coins",
        "subscriptions" => "subscription_id tier channel tenure_months period_start period_end",
        _ => return format!("{head} content_id content_kind audience seconds likes comments views tracks {ARRIVAL}"),
    };
    format!("{head} {money} {own} {ARRIVAL}")
}

fn reference_columns(reference: &str) -> &'static str {
    match reference {
        "agreements" => "creator_id party_id part level position programs valid_from valid_to arrival",
        "creators" => "creator_id birth_date followers country status valid_from valid_to arrival",
        "pots" => "program country earning_period currency amount_minor arrival",
        "parties" => "party_id kind payout_currency country tax_form status stand_in valid_from valid_to",
        "advances" => "advance_id party_id currency amount_minor rate from programs valid_from valid_to",
        "referrals" => "referral_id party_id creator_id rate basis months cap_minor cap_currency programs valid_from",
        _ => "date currency rate arrival",
    }
}
