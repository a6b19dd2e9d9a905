//! The table `earnings`, packed: every text stands once, parts and deductions of all rows in one vector each.

use std::cmp::Ordering;
use std::ops::Range;

use arrow::array::ArrayRef;
use rayon::prelude::*;

use super::account::Account;
use super::cell::{Cell, Row, array_of, list_of, month, put_cell, word};
use super::row::{Deduction, Earning, Part};
use super::texts::{Texts, count};
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::period::Period;

/// Rows in the order in which they were added, or, once sorted, in that of their keys.
#[derive(Clone, Debug, Default)]
pub struct Earnings {
    rows: Vec<Packed>,
    deductions: Vec<PackedDeduction>,
    parts: Vec<PackedPart>,
    texts: Texts,
    /// The exact remainders of all rows, one after the other.
    remainders: String,
}

#[derive(Clone, Copy, Debug)]
struct Packed {
    creator_id: u32,
    program: u32,
    policy_version: u32,
    earning_period: Period,
    fx_date: i32,
    currency: Currency,
    cause: &'static str,
    amounts: Amounts,
    rounding: [u32; 2],
    deductions: [u32; 2],
    parts: [u32; 2],
}

#[derive(Clone, Copy, Debug)]
struct PackedDeduction {
    name: u32,
    account: Account,
    minor: i64,
}

#[derive(Clone, Copy, Debug)]
struct PackedPart {
    party_id: u32,
    rate: u32,
    payout_currency: Currency,
    minor: i64,
    payout_minor: Option<i64>,
}

/// The numbers of a row, minor units but for the number of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    pub events: i64,
    pub gross: i64,
    pub tax: i64,
    pub channel_fee: i64,
    pub creator: i64,
    pub platform: i64,
}

/// A row without its deductions and parts; the fields are those of [`Earning`].
#[derive(Clone, Copy, Debug)]
pub struct EarningHead<'e> {
    pub creator_id: &'e str,
    pub program: &'e str,
    pub policy_version: &'e str,
    pub currency: Currency,
    pub earning_period: Period,
    pub fx_date: i32,
    pub cause: &'static str,
    pub amounts: Amounts,
    pub rounding: &'e str,
}

/// A deduction of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeductionView<'e> {
    pub name: &'e str,
    pub account: Account,
    pub minor: i64,
}

/// A part of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartView<'e> {
    pub party_id: &'e str,
    pub minor: i64,
    pub payout_currency: Currency,
    pub rate: Option<&'e str>,
    pub payout_minor: Option<i64>,
}

/// A row as it stands in the table.
#[derive(Clone, Copy, Debug)]
pub struct EarningView<'e> {
    table: &'e Earnings,
    row: &'e Packed,
}

impl Earnings {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = EarningView<'_>> {
        self.rows.iter().map(|row| EarningView { table: self, row })
    }

    /// Makes room for so many more rows, deductions and parts, where there is that much.
    pub fn reserve(&mut self, rows: usize, deductions: usize, parts: usize) {
        let fits = self.rows.try_reserve_exact(rows).and_then(|()| self.parts.try_reserve_exact(parts));
        if fits.is_ok() {
            let _full = self.deductions.try_reserve_exact(deductions);
        }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// More than 2^32 rows, parts or texts (gate).
    pub fn push<'p>(
        &mut self,
        head: &EarningHead<'_>,
        deductions: impl IntoIterator<Item = DeductionView<'p>>,
        parts: impl IntoIterator<Item = PartView<'p>>,
    ) -> Result<()> {
        let first = [count(self.deductions.len())?, count(self.parts.len())?, count(self.remainders.len())?];
        for d in deductions {
            let name = self.texts.number(d.name)?;
            self.deductions.push(PackedDeduction { name, account: d.account, minor: d.minor });
        }
        for p in parts {
            let (party_id, rate) = (self.texts.number(p.party_id)?, self.texts.maybe(p.rate)?);
            let (payout_currency, minor, payout_minor) = (p.payout_currency, p.minor, p.payout_minor);
            self.parts.push(PackedPart { party_id, rate, payout_currency, minor, payout_minor });
        }
        self.remainders.push_str(head.rounding);
        self.rows.push(Packed {
            creator_id: self.texts.number(head.creator_id)?,
            program: self.texts.number(head.program)?,
            policy_version: self.texts.number(head.policy_version)?,
            earning_period: head.earning_period,
            fx_date: head.fx_date,
            currency: head.currency,
            cause: head.cause,
            amounts: head.amounts,
            deductions: [first[0], count(self.deductions.len())?],
            parts: [first[1], count(self.parts.len())?],
            rounding: [first[2], count(self.remainders.len())?],
        });
        Ok(())
    }

    /// Adds rows.
    ///
    /// # Errors
    /// An account or a currency that is unknown (input); as [`Earnings::push`].
    pub fn add(&mut self, rows: impl IntoIterator<Item = Earning>) -> Result<()> {
        rows.into_iter().try_for_each(|row| self.push_row(&row))
    }

    fn push_row(&mut self, row: &Earning) -> Result<()> {
        let deduction = |d: &'_ Deduction| {
            let unknown = |_| Error::input("an account in the ledger is unknown").found(d.account.clone());
            Ok((d.account.parse().map_err(unknown)?, d.minor))
        };
        let accounts = row.deductions.iter().map(deduction).collect::<Result<Vec<(Account, i64)>>>()?;
        let currencies = row.parts.iter().map(|p| currency(&p.payout_currency)).collect::<Result<Vec<_>>>()?;
        let head = EarningHead {
            creator_id: &row.creator_id,
            program: &row.program,
            policy_version: &row.policy_version,
            currency: currency(&row.currency)?,
            earning_period: row.earning_period,
            fx_date: row.fx_date,
            cause: row.cause,
            amounts: Amounts {
                events: row.events,
                gross: row.gross_minor,
                tax: row.tax_minor,
                channel_fee: row.channel_fee_minor,
                creator: row.creator_minor,
                platform: row.platform_minor,
            },
            rounding: &row.rounding,
        };
        let deductions = row.deductions.iter().zip(accounts);
        let parts = row.parts.iter().zip(currencies).map(|(p, payout_currency)| PartView {
            party_id: &p.party_id,
            minor: p.minor,
            payout_currency,
            rate: p.rate.as_deref(),
            payout_minor: p.payout_minor,
        });
        self.push(&head, deductions.map(|(d, (account, minor))| DeductionView { name: &d.name, account, minor }), parts)
    }

    /// Sorts by key.
    pub(super) fn sort(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.par_sort_unstable_by(|a, b| self.by_key(a, b));
        self.rows = rows;
    }

    fn by_key(&self, a: &Packed, b: &Packed) -> Ordering {
        let text = |a: u32, b: u32| if a == b { Ordering::Equal } else { self.texts.text(a).cmp(self.texts.text(b)) };
        let rest = |row: &Packed| (row.earning_period, row.fx_date, row.cause);
        text(a.creator_id, b.creator_id)
            .then_with(|| text(a.program, b.program))
            .then_with(|| text(a.policy_version, b.policy_version))
            .then_with(|| a.currency.cmp(&b.currency))
            .then_with(|| rest(a).cmp(&rest(b)))
    }

    /// Two neighbours that are not in the order of their key, or have one.
    pub(super) fn out_of_order(&self) -> Option<String> {
        let found = self.rows.par_windows(2).find_first(|pair| self.by_key(&pair[0], &pair[1]) != Ordering::Less);
        let row = |row| EarningView { table: self, row }.to_row();
        found.map(|pair| format!("{:?}, then {:?}", row(&pair[0]), row(&pair[1])))
    }

    /// One column of some rows; `None` where there is no such column.
    pub(super) fn array(&self, rows: Range<usize>, at: usize) -> Option<ArrayRef> {
        let views = || self.rows[rows.clone()].iter().map(|row| EarningView { table: self, row });
        match at {
            DEDUCTIONS => {
                let fields = Deduction::fields();
                let array = |(at, field): (usize, &std::sync::Arc<arrow::datatypes::Field>)| {
                    array_of(field.data_type(), views().flat_map(|v| v.deductions()).map(|d| d.cell(at)))
                };
                let arrays = fields.iter().enumerate().map(array).collect();
                Some(list_of::<Deduction>(views().map(|v| v.deductions().len()), arrays))
            }
            PARTS => {
                let fields = Part::fields();
                let array = |(at, field): (usize, &std::sync::Arc<arrow::datatypes::Field>)| {
                    array_of(field.data_type(), views().flat_map(|v| v.parts()).map(|p| p.cell(at)))
                };
                let arrays = fields.iter().enumerate().map(array).collect();
                Some(list_of::<Part>(views().map(|v| v.parts().len()), arrays))
            }
            _ => Earning::fields().get(at).map(|field| array_of(field.data_type(), views().map(|v| v.cell(at)))),
        }
    }

    /// Adds the canonical bytes of a row.
    pub(super) fn put(&self, row: usize, bytes: &mut Vec<u8>) {
        let view = EarningView { table: self, row: &self.rows[row] };
        for at in 0..=PARTS {
            match at {
                DEDUCTIONS => {
                    put_cell(bytes, Some(Cell::Length(view.deductions().len())));
                    view.deductions().for_each(|d| (0..3).for_each(|at| put_cell(bytes, d.cell(at))));
                }
                PARTS => {
                    put_cell(bytes, Some(Cell::Length(view.parts().len())));
                    view.parts().for_each(|p| (0..5).for_each(|at| put_cell(bytes, p.cell(at))));
                }
                _ => put_cell(bytes, view.cell(at)),
            }
        }
    }
}

impl PartialEq for Earnings {
    fn eq(&self, other: &Self) -> bool {
        self.iter().map(|row| row.to_row()).eq(other.iter().map(|row| row.to_row()))
    }
}

impl Eq for Earnings {}

fn currency(code: &str) -> Result<Currency> {
    Currency::parse(code).ok_or_else(|| Error::input("a currency in the ledger is unknown").found(code))
}

/// The places of the two columns that hold lists; the second one is the last of all.
const DEDUCTIONS: usize = 11;
const PARTS: usize = 15;

impl<'e> EarningView<'e> {
    /// The row without its deductions and parts.
    #[must_use]
    pub fn head(&self) -> EarningHead<'e> {
        let (table, row) = (self.table, self.row);
        EarningHead {
            creator_id: table.texts.text(row.creator_id),
            program: table.texts.text(row.program),
            policy_version: table.texts.text(row.policy_version),
            currency: row.currency,
            earning_period: row.earning_period,
            fx_date: row.fx_date,
            cause: row.cause,
            amounts: row.amounts,
            rounding: &table.remainders[row.rounding[0] as usize..row.rounding[1] as usize],
        }
    }

    /// Its deductions, in the order of the program.
    pub fn deductions(&self) -> impl ExactSizeIterator<Item = DeductionView<'e>> + use<'e> {
        let (table, [from, to]) = (self.table, self.row.deductions);
        table.deductions[from as usize..to as usize].iter().map(|d| DeductionView {
            name: table.texts.text(d.name),
            account: d.account,
            minor: d.minor,
        })
    }

    /// Its parts, by position.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = PartView<'e>> + use<'e> {
        let (table, [from, to]) = (self.table, self.row.parts);
        table.parts[from as usize..to as usize].iter().map(|p| PartView {
            party_id: table.texts.text(p.party_id),
            minor: p.minor,
            payout_currency: p.payout_currency,
            rate: table.texts.get(p.rate),
            payout_minor: p.payout_minor,
        })
    }

    /// The row by itself.
    #[must_use]
    pub fn to_row(&self) -> Earning {
        let head = self.head();
        let deduction = |d: DeductionView<'_>| Deduction {
            name: d.name.to_owned(),
            account: d.account.name().to_owned(),
            minor: d.minor,
        };
        let part = |p: PartView<'_>| Part {
            party_id: p.party_id.to_owned(),
            minor: p.minor,
            payout_currency: p.payout_currency.code().to_owned(),
            rate: p.rate.map(str::to_owned),
            payout_minor: p.payout_minor,
        };
        Earning {
            creator_id: head.creator_id.to_owned(),
            program: head.program.to_owned(),
            policy_version: head.policy_version.to_owned(),
            currency: head.currency.code().to_owned(),
            earning_period: head.earning_period,
            fx_date: head.fx_date,
            cause: head.cause,
            events: head.amounts.events,
            gross_minor: head.amounts.gross,
            tax_minor: head.amounts.tax,
            channel_fee_minor: head.amounts.channel_fee,
            deductions: self.deductions().map(deduction).collect(),
            creator_minor: head.amounts.creator,
            platform_minor: head.amounts.platform,
            rounding: head.rounding.to_owned(),
            parts: self.parts().map(part).collect(),
        }
    }

    /// The value of a column that holds no list.
    fn cell(&self, column: usize) -> Option<Cell<'e>> {
        let head = self.head();
        Some(match column {
            0 => word(head.creator_id),
            1 => word(head.program),
            2 => word(head.policy_version),
            3 => word(head.currency.code()),
            4 => month(head.earning_period),
            5 => Cell::Int(head.fx_date.into()),
            6 => word(head.cause),
            7 => Cell::Int(head.amounts.events),
            8 => Cell::Int(head.amounts.gross),
            9 => Cell::Int(head.amounts.tax),
            10 => Cell::Int(head.amounts.channel_fee),
            12 => Cell::Int(head.amounts.creator),
            13 => Cell::Int(head.amounts.platform),
            14 => word(head.rounding),
            _ => return None,
        })
    }
}

impl<'e> DeductionView<'e> {
    fn cell(&self, column: usize) -> Option<Cell<'e>> {
        match column {
            0 => Some(word(self.name)),
            1 => Some(word(self.account.name())),
            _ => Some(Cell::Int(self.minor)),
        }
    }
}

impl<'e> PartView<'e> {
    fn cell(&self, column: usize) -> Option<Cell<'e>> {
        match column {
            0 => Some(word(self.party_id)),
            1 => Some(Cell::Int(self.minor)),
            2 => Some(word(self.payout_currency.code())),
            3 => self.rate.map(word),
            _ => self.payout_minor.map(Cell::Int),
        }
    }
}
