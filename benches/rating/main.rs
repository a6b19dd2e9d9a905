//! How long rating takes: creators x 5 programs with tiers, bonuses and splits, from prepared facts to earning lines.
//!
//! `cargo bench --bench rating -- --creators 1000000 --runs 3`. See README.md beside this file.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Instant;

use everycent::book::Book;
use everycent::cutover::Volumes;
use everycent::earn::{Evaluation, Rates, evaluate};
use everycent::error::{Error, Result};
use everycent::facts::{Class, Fact, Known, Match};
use everycent::intake::{NONE, Names, Record, Rows};
use everycent::log::Log;
use everycent::money::Currency;
use everycent::period::Period;
use everycent::pipeline::policy_files;
use everycent::policy::Policies;
use everycent::query::Engine;
use everycent::reference::References;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BOOK: &str = r#"
[book]
name = "rating"
zone = "UTC"
first_period = "2026-01"
secret = "book.secret"
[log.subscriptions]
path = "logs/subscriptions"
[log.gifts]
path = "logs/gifts"
[log.commerce]
path = "logs/commerce"
[log.brand_deals]
path = "logs/brand_deals"
[reference]
creators = "creators.csv"
parties = "parties.csv"
agreements = "agreements.csv"
fx_rates = "fx_rates.csv"
"#;

/// By name: `ads`, `brand`, `gifts`, `shop`, `subs`.
const POLICIES: &str = include_str!("programs.toml");

const FX: &str = "date,currency,rate\n\
    2026-01-30,USD,1.1631\n2026-01-30,GBP,0.86934\n2026-01-30,JPY,183.79\n";

const CURRENCIES: [&str; 4] = ["EUR", "USD", "GBP", "JPY"];
const PROGRAMS: [&str; 5] = ["ads", "brand", "gifts", "shop", "subs"];
const AGENCIES: u32 = 2_000;

fn main() -> Result<()> {
    let (creators, runs) = (asked("--creators", 1_000_000)?, asked("--runs", 3)?);
    let dir = tempfile::tempdir()?;
    write_book(dir.path(), creators)?;
    let book = Book::open(Some(dir.path()))?;
    let policies = Policies::read(policy_files(&book.policies)?)?;
    let engine = Engine::new(2, 8192);
    let references = References::read(engine, &book)?;
    let names = names(creators, &references);
    let classes = classes();
    let (rows, facts) = facts(creators, &names, &policies, &classes)?;
    let pinned = std::collections::BTreeMap::new();
    println!("{creators} creators x {} programs: {} facts", PROGRAMS.len(), facts.len());
    for run in 1..=runs {
        let given = facts.clone();
        let known = Known {
            engine,
            book: &book,
            rows: &rows,
            standing: &[],
            stood: &[],
            policies: &policies,
            references: &references,
            since: &[],
            closed: None,
            last_day: Period::new(2026, 1).last_day(),
            paid: &Default::default(),
            volumes: &Volumes::default(),
        };
        let rates = Rates::new(&references.fx, &pinned, None, true);
        let (begun, busy) = (Instant::now(), busy());
        let pieces = pieces(&given);
        let facts_of = |piece: usize, into: &mut Vec<_>| {
            into.extend_from_slice(pieces[piece]);
            Ok(())
        };
        let evaluation = evaluate(&known, pieces.len(), &facts_of, &[], &names, &rates)?;
        let (took, busy) = (begun.elapsed(), self::busy().zip(busy).map(|(now, then)| now - then));
        let busy = busy.map_or_else(String::new, |hundredths| {
            format!(", {}.{:02} s of processor time", hundredths / 100, hundredths % 100)
        });
        println!("run {run}: {:?}{busy}; {}", took, said(&evaluation));
    }
    Ok(())
}

/// What came out, for comparing two programs: lines, parts, and the creator side of all.
fn said(evaluation: &Evaluation) -> String {
    let (mut lines, mut parts, mut creator) = (0_u64, 0_u64, 0_i128);
    for line in evaluation.lines.iter() {
        lines += 1;
        parts += line.parts().len() as u64;
        creator += i128::from(line.line.creator);
    }
    format!("{lines} lines, {parts} parts, creator side {creator}")
}

/// Hundredths of a second that the process has used of all processors, where the system says so.
fn busy() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// A number after a flag.
fn asked(flag: &str, default: u32) -> Result<u32> {
    let mut args = std::env::args().skip_while(|arg| arg != flag).skip(1);
    args.next().map_or(Ok(default), |text| {
        text.parse().map_err(|_| Error::usage("not a number").at(flag.to_owned()).found(text.clone()))
    })
}

fn creator_id(at: u32) -> String {
    format!("c{at:08}")
}

/// The book's files. Every creator has an agency; every eighth shares what is left with a co-host.
fn write_book(dir: &Path, creators: u32) -> Result<()> {
    let mut parties = "party_id,kind,payout_currency,country,tax_form,status,valid_from,valid_to\n".to_owned();
    let mut agreements = "creator_id,party_id,part,level,position,programs,valid_from,valid_to\n".to_owned();
    for agency in 0..AGENCIES {
        let _ = writeln!(parties, "agency-{agency:06},agency,EUR,PT,,active,2025-01-01,");
    }
    for at in 0..creators {
        let (id, currency) = (creator_id(at), CURRENCIES[at as usize % 4]);
        let _ = writeln!(parties, "{id},creator,{currency},PT,,active,2025-01-01,");
        let _ = writeln!(agreements, "{id},agency-{:06},1/{},1,2,,2025-01-01,", at % AGENCIES, 5 + at % 6);
        if at % 8 == 0 && at > 0 {
            let _ = writeln!(agreements, "{id},{},1/3,2,3,,2025-01-01,", creator_id(at - 1));
        }
        let _ = writeln!(agreements, "{id},{id},rest,1,1,,2025-01-01,");
    }
    fs::create_dir(dir.join("policies"))?;
    fs::write(dir.join("everycent.toml"), BOOK)?;
    fs::write(dir.join("book.secret"), [7_u8; 32])?;
    fs::write(dir.join("policies/programs.toml"), POLICIES)?;
    fs::write(dir.join("parties.csv"), parties)?;
    fs::write(dir.join("agreements.csv"), agreements)?;
    fs::write(dir.join("creators.csv"), "creator_id,birth_date,followers,country,status,valid_from,valid_to\n")?;
    Ok(fs::write(dir.join("fx_rates.csv"), FX)?)
}

/// Creators by number, then what policies and references name: as a run numbers them.
fn names(creators: u32, references: &References) -> Names {
    let mut names = Names::default();
    (0..creators).for_each(|at| {
        names.number(&creator_id(at));
    });
    PROGRAMS.iter().chain(&["1", "safety_fund", "hosting"]).for_each(|text| {
        names.number(text);
    });
    references.parties.ids().for_each(|id| {
        names.number(id);
    });
    names
}

/// Outcomes of conditions: every share case, with and without the bonus, and shares by column from 5 % to 24.99 %.
fn classes() -> Vec<Class> {
    let class = |at: u8| Class {
        matched: Match::Program(0),
        failed: None,
        share_case: at % 3,
        bonuses: u32::from(at / 3 % 2),
        steps: 3,
        share_number: 500 + 13 * i64::from(at),
        payers: 0,
        locked: None,
    };
    (0..150).map(class).collect()
}

/// One fact of each program for each creator, creator by creator. Programs that look at single events have a row.
fn facts<'a>(creators: u32, names: &Names, policies: &Policies, classes: &'a [Class]) -> Result<(Rows, Vec<Fact<'a>>)> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let currencies = CURRENCIES.map(Currency::parse);
    let mut rows = Rows::default();
    let mut facts = Vec::with_capacity(creators as usize * PROGRAMS.len());
    let first = Period::new(2026, 1).first_day();
    for at in 0..creators {
        let creator = names.find(&creator_id(at)).ok_or_else(|| Error::bug("no such creator"))?;
        for (program, name) in policies.programs.iter().map(|p| p.name.as_str()).enumerate() {
            let day = first + random.random_range(0..31);
            let currency = currencies[random.random_range(0..4)].ok_or_else(|| Error::bug("no such currency"))?;
            let single = ["ads", "brand", "gifts"].contains(&name);
            let row = single.then(|| {
                rows.time.push(i64::from(day) * 86_400_000_000_000 + random.random_range(0..86_400_000_000_000));
                rows.records.push(Record::of(Log::Gifts));
                u32::try_from(rows.time.len() - 1).unwrap_or(NONE)
            });
            let gross = random.random_range(100..2_000_000);
            facts.push(Fact {
                creator,
                program: u16::try_from(program).map_err(|_| Error::bug("too many programs"))?,
                currency,
                day,
                log: Log::Gifts,
                channel: NONE,
                class: &classes[random.random_range(0..classes.len())],
                fee_stated: name == "shop",
                tax_stated: true,
                events: random.random_range(1..200),
                gross,
                tax: gross / 7,
                fee: if name == "shop" { gross / 50 } else { 0 },
                fee_more: 0,
                fee_back: 0,
                falls_short: false,
                pays: 0,
                row,
            });
        }
    }
    Ok((rows, facts))
}

/// Facts cut where a creator ends, some thousand in a piece.
fn pieces<'f, 'a>(facts: &'f [Fact<'a>]) -> Vec<&'f [Fact<'a>]> {
    let (mut pieces, mut rest) = (Vec::new(), facts);
    while !rest.is_empty() {
        let from = rest.len().min(8_192);
        let last = rest[from - 1].creator;
        let to = from + rest[from..].iter().take_while(|fact| fact.creator == last).count();
        let (piece, others) = rest.split_at(to);
        pieces.push(piece);
        rest = others;
    }
    pieces
}
