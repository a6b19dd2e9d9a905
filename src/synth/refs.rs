//! The references of a book: who people are, and what a euro buys. Each person is a pure function of seed and rank.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::draw::{Draw, Purpose, key};
use super::event::Who;
use super::recipe::{CURRENCIES, Recipe};
use crate::error::Result;
use crate::money::Currency;
use crate::period::{Period, day_text};

/// Creators for each agency.
const PER_AGENCY: u64 = 40;
/// Days of rates before the first day and after the last one.
const RATE_DAYS: (i32, i32) = (14, 45);

/// The people of a book.
pub struct People {
    key: u64,
    currencies: Vec<Currency>,
    agencies: u64,
    /// The day that everything is valid from.
    since: i32,
    first: Period,
    months: i32,
}

/// A version's first day, and the day that it no longer holds.
type Span = (i32, Option<i32>);

struct Person {
    draw: Draw,
    country: &'static str,
    currency: Currency,
}

impl People {
    /// The people of a recipe.
    #[must_use]
    pub fn new(recipe: &Recipe) -> Self {
        Self {
            key: key(recipe.seed, None, Purpose::Creator),
            currencies: recipe.currencies.clone(),
            agencies: (recipe.creators / PER_AGENCY).max(1),
            since: Period::new(recipe.first_period.year() - 1, 1).first_day(),
            first: recipe.first_period,
            months: recipe.months,
        }
    }

    fn person(&self, rank: u64) -> Person {
        let mut draw = Draw::new(self.key, rank);
        let at = draw.below(self.currencies.len() as u64);
        let currency = usize::try_from(at).ok().and_then(|at| self.currencies.get(at)).copied();
        let country = draw.one_of(&["PT", "ES", "DE", "FR", "GB", "US", "JP", "BR"]).unwrap_or("PT");
        Person { draw, country, currency: currency.unwrap_or(Currency::EUR) }
    }

    /// The currency that a creator is paid in, in the first month.
    #[must_use]
    pub fn payout_currency(&self, rank: u64) -> Currency {
        self.person(rank).currency
    }

    fn day(&self, of_first_month: i32) -> i32 {
        self.first.first_day() + of_first_month - 1
    }

    /// One span, or two that meet on `change`.
    fn spans(&self, change: Option<i32>) -> Vec<Span> {
        match change {
            None => vec![(self.since, None)],
            Some(day) => vec![(self.since, Some(day)), (day, None)],
        }
    }

    /// Three in a hundred are minors; one in ten doubles the followers on the tenth; two in a hundred are suspended.
    fn creator(&self, rank: u64) -> Vec<String> {
        let Person { mut draw, country, .. } = self.person(rank);
        let (minor, status) = (draw.per_mille(30), if draw.per_mille(20) { "suspended" } else { "active" });
        let age = if minor { draw.between(14, 17) } else { draw.between(19, 60) };
        let born = i64::from(self.first.year()) - age;
        let (month, day) = (draw.between(1, 12), draw.between(1, 28));
        let followers = 3_000_000 / rank + draw.below(4000) + 200;
        let change = draw.per_mille(100).then(|| self.day(10));
        let row = |(at, span): (usize, Span)| {
            let followers = if at == 0 { followers } else { followers * 2 };
            let id = Who::Rank(rank).text().unwrap_or_default();
            format!("{id},{born:04}-{month:02}-{day:02},{followers},{country},{status},{}", span_text(span))
        };
        self.spans(change).into_iter().enumerate().map(row).collect()
    }

    /// One in twenty hands in a tax form on the eleventh; one in fifty is paid in another currency from the second month on.
    fn party(&self, rank: u64) -> Vec<String> {
        let Person { mut draw, country, currency } = self.person(rank);
        let id = Who::Rank(rank).text().unwrap_or_default();
        let form = draw.per_mille(50);
        let moves = self.months > 1 && !form && draw.per_mille(20);
        let change = if form { Some(self.day(11)) } else { moves.then(|| self.first.next().first_day()) };
        let other = draw.one_of(&self.currencies).unwrap_or(currency);
        let row = |(at, span): (usize, Span)| {
            let currency = if moves && at == 1 { other } else { currency };
            let tax_form = if form && at == 1 { "W-8BEN" } else { "" };
            format!("{id},creator,{currency},{country},{tax_form},active,{}", span_text(span))
        };
        self.spans(change).into_iter().enumerate().map(row).collect()
    }

    /// Agencies and co-hosts.
    fn others(&self) -> impl Iterator<Item = String> + '_ {
        let row = |kind: &'static str, number: u64| {
            let mut draw = Draw::new(!self.key, number);
            let currency = draw.one_of(&self.currencies).unwrap_or(Currency::EUR);
            format!("{kind}-{number:06},{kind},{currency},PT,,active,{}", span_text((self.since, None)))
        };
        ["agency", "host"].into_iter().flat_map(move |kind| (1..=self.agencies).map(move |n| row(kind, n)))
    }

    /// Seven in ten have none; some give an agency a part, of everything or of two programs; some divide on two levels.
    /// One in five of them gives more from the fifteenth on.
    fn agreements(&self, rank: u64) -> Vec<String> {
        let mut draw = Draw::new(self.key ^ 1, rank);
        let form = draw.below(100);
        if form < 70 {
            return Vec::new();
        }
        let change = draw.per_mille(200).then(|| self.day(15));
        let (agency, host) = (draw.below(self.agencies) + 1, draw.below(self.agencies) + 1);
        let part = draw.one_of(&["20 %", "17.5 %", "1/8"]).unwrap_or("20 %");
        let programs = if (85..95).contains(&form) { "gifts;live_subs" } else { "" };
        let id = Who::Rank(rank).text().unwrap_or_default();
        let mut rows = Vec::new();
        for (at, span) in self.spans(change).into_iter().enumerate() {
            let (span, part) = (span_text(span), if at == 0 { part } else { "25 %" });
            rows.push(format!("{id},{id},rest,1,1,{programs},{span}"));
            rows.push(format!("{id},agency-{agency:06},{part},1,2,{programs},{span}"));
            if form >= 95 {
                rows.push(format!("{id},host-{host:06},10 %,2,3,{programs},{span}"));
            }
        }
        rows
    }
}

fn span_text((from, to): Span) -> String {
    format!("{},{}", day_text(from), to.map(day_text).unwrap_or_default())
}

/// Writes `refs/*.csv`.
///
/// # Errors
/// The disk refuses (resources).
pub fn write(recipe: &Recipe, people: &People, book: &Path) -> Result<()> {
    let dir = book.join("refs");
    std::fs::create_dir_all(&dir)?;
    let ranks = || 1..=recipe.creators;
    let header = "creator_id,birth_date,followers,country,status,valid_from,valid_to";
    csv(&dir.join("creators.csv"), header, ranks().flat_map(|rank| people.creator(rank)))?;
    let header = "party_id,kind,payout_currency,country,tax_form,status,valid_from,valid_to";
    csv(&dir.join("parties.csv"), header, ranks().flat_map(|rank| people.party(rank)).chain(people.others()))?;
    let header = "creator_id,party_id,part,level,position,programs,valid_from,valid_to";
    csv(&dir.join("agreements.csv"), header, ranks().flat_map(|rank| people.agreements(rank)))?;
    csv(&dir.join("fx_rates.csv"), "date,currency,rate", rates(recipe))
}

fn csv(path: &Path, header: &str, rows: impl Iterator<Item = String>) -> Result<()> {
    let mut out = BufWriter::new(File::create_new(path)?);
    writeln!(out, "{header}")?;
    for row in rows {
        writeln!(out, "{row}")?;
    }
    Ok(out.flush()?)
}

/// Rates of every weekday, within 0.8 % of the currency's usual one, of five digits as the ECB publishes them.
fn rates(recipe: &Recipe) -> impl Iterator<Item = String> + '_ {
    let days = recipe.days().start - RATE_DAYS.0..recipe.end_day() + RATE_DAYS.1;
    days.filter(|day| (day + 3).rem_euclid(7) < 5).flat_map(move |day| {
        let foreign = recipe.currencies.iter().filter(|c| **c != Currency::EUR);
        foreign.map(move |currency| format!("{},{currency},{}", day_text(day), rate(recipe.seed, day, *currency)))
    })
}

fn rate(seed: u64, day: i32, currency: Currency) -> String {
    let usual = CURRENCIES.iter().find(|(code, _)| *code == currency.code()).map_or(1_000_000, |(_, rate)| *rate);
    let mut draw =
        Draw::new(key(seed, None, Purpose::Rate), u64::from(day.unsigned_abs()) * 1000 + u64::from(currency.index()));
    let exact = usual + usual / 1000 * draw.between(-80, 80) / 10;
    let unit = 10_i64.pow(usual.ilog10().saturating_sub(4));
    let rounded = exact / unit * unit;
    format!("{}.{:06}", rounded / 1_000_000, rounded % 1_000_000).trim_end_matches('0').trim_end_matches('.').to_owned()
}
