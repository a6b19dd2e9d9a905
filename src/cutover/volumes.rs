//! Volumes: what counted towards a creator's tiers before the book's first period.

use std::collections::BTreeMap;

use super::Against;
use super::balances::{MOST, currency};
use crate::error::Result;
use crate::money::{Currency, major_grouped};
use crate::period::{Period, day_text};
use crate::policy::{Basis, Pay, Policies, Tiers, Window};
use crate::reference::{Row, Table};

/// A volume to go on from, in minor units of the tiers' currency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Volume {
    pub program: String,
    /// `lifetime`, or `year`: that of the book's first period.
    pub window: Window,
    pub currency: Currency,
    pub basis: Basis,
    pub amount_minor: i64,
}

/// All volumes, by creator; those of a creator sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volumes(BTreeMap<String, Vec<Volume>>);

impl Volumes {
    /// Reads the table `creator_id, program, currency, basis, amount_minor` and, where it has one, `window`.
    ///
    /// # Errors
    /// A row breaks the contract of docs/book.md (input, with file, line and column).
    pub(super) fn read(table: &Table, first: Period, against: Option<Against<'_>>) -> Result<Self> {
        let mut volumes: BTreeMap<String, Vec<Volume>> = BTreeMap::new();
        for row in table.rows(&["creator_id", "program", "currency", "basis", "amount_minor"])? {
            let (creator, volume) = (row.need("creator_id")?, volume(&row)?);
            if let Some(against) = against {
                counts(&row, creator, &volume, first, against)?;
            }
            let own = volumes.entry(creator.to_owned()).or_default();
            if own.iter().any(|other| same(other, &volume)) {
                let expected = "one row for each creator, program, window, currency and basis";
                return Err(row.fault("creator_id", expected, &format!("a second one of {creator}")));
            }
            own.push(volume);
        }
        volumes.values_mut().for_each(|own| own.sort());
        Ok(Self(volumes))
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of a creator.
    #[must_use]
    pub fn of(&self, creator: &str) -> &[Volume] {
        self.0.get(creator).map_or(&[], Vec::as_slice)
    }

    /// For people: rows and sum by program, window, currency and basis.
    pub(super) fn sums(&self) -> Vec<[String; 2]> {
        let mut sums: BTreeMap<(&str, Window, Currency, Basis), (usize, i128)> = BTreeMap::new();
        for v in self.0.values().flatten() {
            let sum = sums.entry((&v.program, v.window, v.currency, v.basis)).or_default();
            *sum = (sum.0 + 1, sum.1 + i128::from(v.amount_minor));
        }
        let row =
            |((program, window, currency, basis), (rows, minor)): ((&str, Window, Currency, Basis), (usize, i128))| {
                let (amount, code) = (major_grouped(minor, currency), currency.code());
                [format!("volume of {program}"), format!("{amount} {code} {basis} of a {window} (creators: {rows})")]
            };
        sums.into_iter().map(row).collect()
    }
}

fn same(a: &Volume, b: &Volume) -> bool {
    (&a.program, a.window, a.currency, a.basis) == (&b.program, b.window, b.currency, b.basis)
}

fn volume(row: &Row<'_>) -> Result<Volume> {
    let text = row.need("amount_minor")?;
    let minor = row.whole("amount_minor")?.filter(|minor| (0..=MOST).contains(minor));
    Ok(Volume {
        program: row.need("program")?.to_owned(),
        window: window(row)?,
        currency: currency(row)?,
        basis: choice(row, "basis", Basis::ALL, row.need("basis")?)?,
        amount_minor: minor.ok_or_else(|| row.fault("amount_minor", "minor units, 0 to 10^15", text))?,
    })
}

fn window(row: &Row<'_>) -> Result<Window> {
    let text = row.get("window").unwrap_or("lifetime");
    choice(row, "window", &[Window::Lifetime, Window::Year], text)
}

fn choice<T: Copy + ToString>(row: &Row<'_>, column: &str, all: &[T], text: &str) -> Result<T> {
    let names: Vec<String> = all.iter().map(T::to_string).collect();
    let known = names.iter().position(|name| name == text);
    known.map(|at| all[at]).ok_or_else(|| row.fault(column, &names.join(", "), text))
}

/// The creator is known on the book's first day, and some version of the program looks at such a volume.
fn counts(row: &Row<'_>, creator: &str, volume: &Volume, first: Period, against: Against<'_>) -> Result<()> {
    let versions = against.references.creators.versions(creator);
    if crate::reference::Creators::on(versions, first.first_day()).is_none() {
        let expected = format!("a creator of the reference on {}", day_text(first.first_day()));
        return Err(row.fault("creator_id", &expected, creator));
    }
    let known = looked_at(against.policies, &volume.program);
    if known.iter().any(|t| (t.window, t.currency, t.basis) == (volume.window, volume.currency, volume.basis)) {
        return Ok(());
    }
    let wanted = |t: &&Tiers| format!("{} {} of a {}", t.currency.code(), t.basis, t.window);
    let expected = match known.is_empty() {
        true => "a program with tiers".to_owned(),
        false => known.iter().map(wanted).collect::<Vec<_>>().join(", "),
    };
    let found = format!("{}, {} {} of a {}", volume.program, volume.currency.code(), volume.basis, volume.window);
    Err(row.fault("program", &expected, &found))
}

/// The tiers of a program's versions.
fn looked_at<'a>(policies: &'a Policies, program: &str) -> Vec<&'a Tiers> {
    let tiers = |pay: &'a Pay| if let Pay::Tiers(tiers) = pay { Some(tiers) } else { None };
    policies.programs.iter().filter(|p| p.name == program).filter_map(|p| tiers(&p.pay)).collect()
}
