//! What the ledger says, in the numbers that a run works with.

use super::difference::Snapshot;
use super::journal::{CARRIED, POOL};
use super::prepare::Prepared;
use crate::earn::{Channel, Line, LineDeduction, LineKey, LinePart, LinePiece, REFERRAL};
use crate::error::{Error, Result};
use crate::intake::{Knowledge, NONE, Names, Since, SourceFile};
use crate::ledger::{Account, BookedLine, BookedPart, EarningKey, JournalKey, State};
use crate::log::Log;
use crate::money::{Currency, Exact, to_minor};
use crate::period::Period;

/// All names that a run's numbers may stand for: those of the rows, of policies and references, and of the ledger.
#[must_use]
pub fn names_of(input: &Prepared, state: &State) -> Names {
    let mut names = input.rows.names.clone();
    let policies = [Some(&input.policies), input.pinned.as_ref().map(|p| &p.policies)];
    for program in policies.into_iter().flatten().flat_map(|p| &p.programs) {
        names.number(&program.name);
        names.number(&program.version);
        program.deductions.iter().for_each(|step| {
            names.number(&step.name);
        });
    }
    let references = [Some(&input.references), input.pinned.as_ref().map(|p| &p.references)];
    for references in references.into_iter().flatten() {
        references.parties.ids().for_each(|id| {
            names.number(id);
        });
        for referral in references.referrals.iter() {
            names.number(REFERRAL);
            names.number(&referral.id);
        }
    }
    for (key, line) in state.earnings() {
        for text in [&key.creator_id, &key.program, &key.policy_version] {
            names.number(text);
        }
        line.parts.iter().for_each(|p| {
            names.number(&p.party_id);
        });
        line.deductions.keys().for_each(|(name, _)| {
            names.number(name);
        });
    }
    for key in state.journal().keys() {
        let texts = [&key.program, &key.channel, &key.party_id];
        texts.into_iter().flatten().for_each(|t| {
            names.number(t);
        });
    }
    names
}

/// What the last close, or the run that stands in for it, knew of the rows.
///
/// # Errors
/// A row's hash in the ledger can't be read (input).
pub fn knowledge(input: &Prepared, state: &State) -> Result<Knowledge> {
    let paid = input.paid.clone();
    let since = input.rows.files.iter().enumerate().map(|(at, file)| since(input, state, at, file)).collect();
    let mut knowledge = Knowledge { since, paid, ..Knowledge::default() };
    let Some(period) = state.period() else { return Ok(knowledge) };
    knowledge.closed = Some(period);
    knowledge.end = Some(input.book.zone.start_of(period.next().first_day()));
    for ((log, hash), closes) in state.conflicts() {
        knowledge.conflicts.insert((log.parse()?, hash_of(hash)?), closes.iter().map(|c| c.ordinal()).collect());
    }
    for row in state.open_rows() {
        let content = hash_of(&row.row_hash)?;
        let log: Log = row.log.parse()?;
        knowledge.open.push((log, content));
        let list = if row.until.is_some() { &mut knowledge.waiting } else { &mut knowledge.quarantined };
        list.insert((log, content));
    }
    Ok(knowledge)
}

/// Since when a file's rows are known. A stand-in has read every file, as its close would.
fn since(input: &Prepared, state: &State, at: usize, file: &SourceFile) -> Since {
    let ordinal = |since: Option<Period>| since.or(state.stands_in_since()).map_or(i32::MAX, Period::ordinal);
    match input.cut_anew.get(&at).or(state.learned(file.log, &file.sha256)) {
        None => Since::All(ordinal(None)),
        Some(learned) => match learned.all() {
            Some(period) => Since::All(period.ordinal()),
            None => Since::Each(learned.rows().map(ordinal).collect()),
        },
    }
}

/// A row's hash, as the ledger writes it.
///
/// # Errors
/// It can't be read (input).
pub fn hash_of(text: &str) -> Result<u128> {
    u128::from_str_radix(text, 16)
        .map_err(|_| Error::input("a row's hash in the ledger can't be read").found(text.to_owned()))
}

fn currency(code: &str) -> Result<Currency> {
    Currency::parse(code).ok_or_else(|| Error::input("a currency in the ledger is unknown").found(code))
}

fn find(names: &Names, text: &str) -> Result<u32> {
    names.find(text).ok_or_else(|| Error::bug(format!("the name {text} has no number")))
}

/// What closed periods booked, as the first of a run's evaluations.
///
/// # Errors
/// A value of the ledger can't be read (input).
pub fn booked_snapshot(state: &State, names: &Names) -> Result<Snapshot> {
    let numbered = |(key, booked): (&EarningKey, &'_ BookedLine)| {
        let key = LineKey {
            creator: find(names, &key.creator_id)?,
            program: find(names, &key.program)?,
            version: find(names, &key.policy_version)?,
            currency: currency(&key.currency)?,
            period: key.earning_period,
            fx_date: key.fx_date,
        };
        Ok((key, line(booked, names)?))
    };
    let mut lines = state.earnings().iter().map(numbered).collect::<Result<Vec<_>>>()?;
    lines.sort_unstable_by_key(|(key, _)| *key);
    let mut piece = LinePiece::default();
    for (key, (line, deductions, parts)) in lines {
        piece.push(key, line, deductions, parts)?;
    }
    let mut snapshot = Snapshot::default();
    snapshot.lines.push(piece);
    for (key, minor) in state.journal() {
        add_journal(&mut snapshot, key, *minor, names)?;
    }
    Ok(snapshot)
}

fn line(booked: &BookedLine, names: &Names) -> Result<(Line, Vec<LineDeduction>, Vec<LinePart>)> {
    let minor = |value: i128| to_minor(value, "a booked line");
    let part = |p: &BookedPart| {
        let exact = |text: &String| {
            Exact::read_back(text).ok_or_else(|| Error::input("a rate in the ledger can't be read").found(text.clone()))
        };
        Ok(LinePart {
            party: find(names, &p.party_id)?,
            payout_currency: currency(&p.payout_currency)?,
            rate: p.rate.as_ref().map(exact).transpose()?,
            minor: minor(p.minor)?,
            payout: p.payout_minor.map(minor).transpose()?,
        })
    };
    let deduction = |((name, account), value): (&(String, String), &i128)| {
        Ok(LineDeduction { name: find(names, name)?, account: account.parse()?, minor: minor(*value)? })
    };
    let line = Line {
        events: minor(booked.events)?,
        gross: minor(booked.gross)?,
        tax: minor(booked.tax)?,
        fee: minor(booked.channel_fee)?,
        creator: minor(booked.creator)?,
        platform: minor(booked.platform)?,
        rounding: booked.rounding.clone(),
    };
    let deductions = booked.deductions.iter().map(deduction).collect::<Result<_>>()?;
    Ok((line, deductions, booked.parts.iter().map(part).collect::<Result<_>>()?))
}

/// Clearing by channel, the platform's expense, ineligible money and adjustments stand in the journal alone.
fn add_journal(snapshot: &mut Snapshot, key: &JournalKey, minor: i128, names: &Names) -> Result<()> {
    let Some(period) = key.earning_period else { return Ok(()) };
    let money = currency(&key.currency)?;
    let log = key.log.as_deref().map(str::parse::<Log>).transpose()?;
    let channel = key.channel.as_deref().map_or(Ok(NONE), |c| find(names, c))?;
    let program = key.program.as_deref().map_or(Ok(NONE), |p| find(names, p))?;
    let account: Account = key.account.parse()?;
    match (key.kind.as_str(), log, account) {
        ("earning", Some(log), _) => {
            let sums = snapshot.clearing.entry((program, money, period, log, channel)).or_default();
            add_channel(sums, account, minor);
        }
        ("earning", None, Account::PlatformExpense) => {
            *snapshot.expense.entry((program, money, period)).or_default() += minor;
        }
        ("ineligible", Some(log), _) => {
            let mut sums = Channel::default();
            add_channel(&mut sums, account, minor);
            let totals = snapshot.ineligible.entry((program, log, channel, money, period)).or_default();
            for (total, sum) in totals.iter_mut().zip([sums.gross, sums.tax, sums.fee]) {
                *total += sum;
            }
        }
        (POOL, ..) => {
            let waits = key.channel.as_deref() == Some(CARRIED);
            *snapshot.pools.entry((program, money, period, account, waits)).or_default() += minor;
        }
        ("adjustment", _, Account::PartyPayable) => {
            let party = key.party_id.as_deref().map_or(Ok(NONE), |p| find(names, p))?;
            *snapshot.adjustments.entry((party, money, period)).or_default() -= minor;
        }
        _ => {}
    }
    Ok(())
}

fn add_channel(sums: &mut Channel, account: Account, minor: i128) {
    match account {
        Account::PayerClearing => sums.gross += minor,
        Account::Pool => sums.pool += minor,
        Account::TaxPayable => sums.tax -= minor,
        Account::ChannelFees => sums.fee -= minor,
        _ => {}
    }
}
