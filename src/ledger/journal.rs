//! The table `journal`, packed: what the postings of an entry have in common stands once, and so does every text.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringBuilder};
use arrow::datatypes::Fields;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::account::Account;
use super::cell::{Cell, Row, array_of, month, put_cell, word};
use super::row::Posting;
use super::texts::{Texts, count};
use crate::error::{Error, Result};
use crate::log::Log;
use crate::money::Currency;
use crate::period::Period;

/// Postings in the order in which they were added, or, once sorted, in that of their keys.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// The ids of all entries, one after the other.
    ids: String,
    entries: Vec<Head>,
    postings: Vec<Packed>,
    texts: Texts,
}

/// What the postings of an entry have in common.
#[derive(Clone, Copy, Debug)]
struct Head {
    id: (usize, usize),
    period: Period,
    earning_period: Option<Period>,
    cause: Option<&'static str>,
    kind: &'static str,
    program: u32,
}

#[derive(Clone, Copy, Debug)]
struct Packed {
    entry: u32,
    posting: u32,
    channel: u32,
    party: u32,
    currency: Currency,
    account: Account,
    log: Option<Log>,
    amount_minor: i64,
}

/// A posting as it stands in the journal; the fields are those of [`Posting`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostingView<'j> {
    pub entry_id: &'j str,
    pub posting: i64,
    pub period: Period,
    pub earning_period: Option<Period>,
    pub cause: Option<&'static str>,
    pub kind: &'static str,
    pub program: Option<&'j str>,
    pub log: Option<Log>,
    pub channel: Option<&'j str>,
    pub account: Account,
    pub party_id: Option<&'j str>,
    pub amount_minor: i64,
    pub currency: Currency,
}

/// Account, party, currency, and what was debited and credited there.
pub(super) type Turnover<'j> = (Account, Option<&'j str>, Currency, (i128, i128));

impl Journal {
    /// How many postings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.postings.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.postings.is_empty()
    }

    /// All postings, in order.
    pub fn iter(&self) -> impl Iterator<Item = PostingView<'_>> {
        self.postings.iter().map(|packed| self.view(packed))
    }

    /// Adds postings; those of one entry stand together.
    ///
    /// # Errors
    /// An account or a currency that is unknown (input); more than 2^32 of anything (gate).
    pub fn add(&mut self, postings: impl IntoIterator<Item = Posting>) -> Result<()> {
        postings.into_iter().try_for_each(|posting| self.push_row(&posting))
    }

    /// Makes room for so many more entries and postings, where there is that much.
    pub fn reserve(&mut self, entries: usize, postings: usize) {
        if self.entries.try_reserve_exact(entries).is_ok() {
            let _full = self.postings.try_reserve_exact(postings);
        }
    }

    /// Takes all postings of other journals; none of them has an entry in common with another.
    ///
    /// # Errors
    /// More than 2^32 of anything (gate).
    pub fn append(&mut self, others: &[Self]) -> Result<()> {
        others.iter().try_for_each(|other| self.append_one(other))
    }

    fn append_one(&mut self, other: &Self) -> Result<()> {
        let texts = self.texts.absorb(&other.texts)?;
        let text = |number: u32| texts.get(number as usize).copied().unwrap_or(number);
        let (ids, first) = (self.ids.len(), count(self.entries.len())?);
        count(self.entries.len() + other.entries.len())?;
        self.ids.push_str(&other.ids);
        let moved = |head: &Head| Head { id: (head.id.0 + ids, head.id.1 + ids), program: text(head.program), ..*head };
        self.entries.extend(other.entries.iter().map(moved));
        self.postings.extend(other.postings.iter().map(|p| Packed {
            entry: first + p.entry,
            channel: text(p.channel),
            party: text(p.party),
            ..*p
        }));
        Ok(())
    }

    /// Debits and credits by account, party and currency, in any order; magnitudes.
    pub(super) fn turnover(&self) -> impl Iterator<Item = Turnover<'_>> {
        type Sums = FxHashMap<(Account, u32, Currency), (i128, i128)>;
        let add = |mut sums: Sums, packed: &Packed| {
            let (debit, credit) = sums.entry((packed.account, packed.party, packed.currency)).or_default();
            let side = if packed.amount_minor > 0 { debit } else { credit };
            *side += i128::from(packed.amount_minor).abs();
            sums
        };
        let both = |mut sums: Sums, more: Sums| {
            for (key, (debit, credit)) in more {
                let sum = sums.entry(key).or_default();
                *sum = (sum.0 + debit, sum.1 + credit);
            }
            sums
        };
        let sums = self.postings.par_iter().fold(Sums::default, add).reduce(Sums::default, both);
        sums.into_iter().map(|((account, party, currency), sides)| (account, self.texts.get(party), currency, sides))
    }

    fn push_row(&mut self, p: &Posting) -> Result<()> {
        let unknown = |what: &str, found: &str| Error::input(format!("{what} in the ledger is unknown")).found(found);
        let log = p.log.map(str::parse::<Log>).transpose()?;
        let account = p.account.parse().map_err(|_| unknown("an account", &p.account))?;
        let currency = Currency::parse(&p.currency).ok_or_else(|| unknown("a currency", &p.currency))?;
        self.push(&PostingView {
            entry_id: &p.entry_id,
            posting: p.posting,
            period: p.period,
            earning_period: p.earning_period,
            cause: p.cause,
            kind: p.kind,
            program: p.program.as_deref(),
            log,
            channel: p.channel.as_deref(),
            account,
            party_id: p.party_id.as_deref(),
            amount_minor: p.amount_minor,
            currency,
        })
    }

    /// Adds a posting.
    pub(super) fn push(&mut self, p: &PostingView<'_>) -> Result<()> {
        let program = self.texts.maybe(p.program)?;
        if self.entries.last().is_none_or(|head| self.head(p, program, head.id).ne(head) || self.id(head) != p.entry_id)
        {
            let from = self.ids.len();
            self.ids.push_str(p.entry_id);
            let head = self.head(p, program, (from, self.ids.len()));
            self.entries.push(head);
        }
        let entry = count(self.entries.len().saturating_sub(1))?;
        let posting = u32::try_from(p.posting).map_err(|_| Error::input("a posting has no number").at(p.entry_id))?;
        let (channel, party) = (self.texts.maybe(p.channel)?, self.texts.maybe(p.party_id)?);
        let (currency, account, log, amount_minor) = (p.currency, p.account, p.log, p.amount_minor);
        self.postings.push(Packed { entry, posting, channel, party, currency, account, log, amount_minor });
        Ok(())
    }

    fn head(&self, p: &PostingView<'_>, program: u32, id: (usize, usize)) -> Head {
        Head { id, period: p.period, earning_period: p.earning_period, cause: p.cause, kind: p.kind, program }
    }

    fn id(&self, head: &Head) -> &str {
        &self.ids[head.id.0..head.id.1]
    }

    fn view(&self, packed: &Packed) -> PostingView<'_> {
        let head = &self.entries[packed.entry as usize];
        PostingView {
            entry_id: self.id(head),
            posting: packed.posting.into(),
            period: head.period,
            earning_period: head.earning_period,
            cause: head.cause,
            kind: head.kind,
            program: self.texts.get(head.program),
            log: packed.log,
            channel: self.texts.get(packed.channel),
            account: packed.account,
            party_id: self.texts.get(packed.party),
            amount_minor: packed.amount_minor,
            currency: packed.currency,
        }
    }

    /// Sorts by entry, then by posting.
    pub(super) fn sort(&mut self) {
        let mut order: Vec<u32> = (0_u32..).take(self.entries.len()).collect();
        order.par_sort_unstable_by_key(|at| (self.id(&self.entries[*at as usize]), *at));
        let mut rank = vec![0_u32; order.len()];
        for (now, before) in (0_u32..).zip(&order) {
            rank[*before as usize] = now;
        }
        self.entries = order.into_iter().map(|at| self.entries[at as usize]).collect();
        self.postings.par_iter_mut().for_each(|packed| packed.entry = rank[packed.entry as usize]);
        self.postings.par_sort_unstable_by_key(|packed| (packed.entry, packed.posting));
    }

    /// Two neighbours that are not in the order of their key, or have one.
    pub(super) fn out_of_order(&self) -> Option<String> {
        let order = |a: &Packed, b: &Packed| match a.entry == b.entry {
            true => a.posting.cmp(&b.posting),
            false => {
                let (a, b) = (self.view(a), self.view(b));
                (a.entry_id, a.posting).cmp(&(b.entry_id, b.posting))
            }
        };
        let found = self.postings.par_windows(2).find_first(|pair| order(&pair[0], &pair[1]) != Ordering::Less);
        found.map(|pair| format!("{:?}, then {:?}", self.view(&pair[0]), self.view(&pair[1])))
    }

    /// One column of some postings; `None` where there is no such column.
    pub(super) fn array(&self, rows: Range<usize>, at: usize) -> Option<ArrayRef> {
        let postings = &self.postings[rows];
        let head = |packed: &Packed| &self.entries[packed.entry as usize];
        Some(match at {
            0 => texts_of(postings, |p| Some(self.id(head(p)))),
            1 => Arc::new(Int64Array::from_iter_values(postings.iter().map(|p| i64::from(p.posting)))),
            4 => texts_of(postings, |p| head(p).cause),
            5 => texts_of(postings, |p| Some(head(p).kind)),
            6 => texts_of(postings, |p| self.texts.get(head(p).program)),
            7 => texts_of(postings, |p| p.log.map(Log::name)),
            8 => texts_of(postings, |p| self.texts.get(p.channel)),
            9 => texts_of(postings, |p| Some(p.account.name())),
            10 => texts_of(postings, |p| self.texts.get(p.party)),
            11 => Arc::new(Int64Array::from_iter_values(postings.iter().map(|p| p.amount_minor))),
            12 => texts_of(postings, |p| Some(p.currency.code())),
            _ => {
                let fields: Fields = Posting::fields();
                let cells = postings.iter().map(|packed| self.view(packed).cell(at));
                return fields.get(at).map(|field| array_of(field.data_type(), cells));
            }
        })
    }

    /// Adds the canonical bytes of a posting.
    pub(super) fn put(&self, row: usize, bytes: &mut Vec<u8>) {
        let view = self.view(&self.postings[row]);
        (0..COLUMNS).for_each(|at| put_cell(bytes, view.cell(at)));
    }

    /// For each posting the number of its entry, counted in the order of the journal; for audits.
    pub fn entry_numbers(&self) -> impl Iterator<Item = i64> {
        self.postings.iter().map(|packed| packed.entry.into())
    }
}

/// A text of each posting as an array.
fn texts_of<'j>(postings: &'j [Packed], text: impl Fn(&'j Packed) -> Option<&'j str>) -> ArrayRef {
    let bytes = postings.iter().map(|p| text(p).map_or(0, str::len)).sum();
    let mut texts = StringBuilder::with_capacity(postings.len(), bytes);
    postings.iter().for_each(|p| texts.append_option(text(p)));
    Arc::new(texts.finish())
}

impl PartialEq for Journal {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Journal {}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        (self.period, self.earning_period, self.cause, self.kind, self.program)
            == (other.period, other.earning_period, other.cause, other.kind, other.program)
    }
}

/// How many columns the table has.
const COLUMNS: usize = 13;

impl<'j> PostingView<'j> {
    /// The posting as a row of the table.
    #[must_use]
    pub fn to_row(&self) -> Posting {
        Posting {
            entry_id: self.entry_id.to_owned(),
            posting: self.posting,
            period: self.period,
            earning_period: self.earning_period,
            cause: self.cause,
            kind: self.kind,
            program: self.program.map(str::to_owned),
            log: self.log.map(Log::name),
            channel: self.channel.map(str::to_owned),
            account: self.account.name().to_owned(),
            party_id: self.party_id.map(str::to_owned),
            amount_minor: self.amount_minor,
            currency: self.currency.code().to_owned(),
        }
    }

    /// The value of a column, in the order of [`Posting`]'s fields; `None` where it is null.
    fn cell(&self, column: usize) -> Option<Cell<'j>> {
        match column {
            0 => Some(word(self.entry_id)),
            1 => Some(Cell::Int(self.posting)),
            2 => Some(month(self.period)),
            3 => self.earning_period.map(month),
            4 => self.cause.map(word),
            5 => Some(word(self.kind)),
            6 => self.program.map(word),
            7 => self.log.map(|log| word(log.name())),
            8 => self.channel.map(word),
            9 => Some(word(self.account.name())),
            10 => self.party_id.map(word),
            11 => Some(Cell::Int(self.amount_minor)),
            12 => Some(word(self.currency.code())),
            _ => None,
        }
    }
}
