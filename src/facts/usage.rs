//! What pools are divided by: usage by payer and creator, and what payers paid.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::asked::{Asked, Counted};
use super::context::{Context, context, context_schema, creator_versions};
use super::planned::{Asking, Planned};
use super::units::{narrow, table};
use super::{Classes, Known, Linked, Match, Measures};
use crate::error::{Error, Result};
use crate::fate::{Fate, Reason};
use crate::intake::{NONE, SourceFile, id_hash};
use crate::log::Log;
use crate::money::Currency;
use crate::period::Period;
use crate::policy::{Pay, Policies, Pool, PoolLate, Pot, Program, Reading, Sql};
use crate::query::{Engine, int64s, int64s_or};
use crate::reference::{Creator, Creators, References};

const USAGE: &str = include_str!("../../queries/facts/usage.sql");

/// Usage of one creator by one payer under one outcome, or one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The month whose pot it divides.
    pub month: Period,
    /// Number among [`Gathered::countries`]; [`NONE`] without one, and where a pool tells no countries apart.
    pub country: u32,
    /// Hash of the payer's id; 0 without one.
    pub payer: u128,
    pub creator: u32,
    /// Bit n: the condition of multiplier n holds.
    pub outcome: u32,
    /// Bit n: it counts under threshold n.
    pub reached: u32,
    /// Weight before multipliers, at least 0.
    pub usage: i64,
    /// Weight times the part that stays after a carve-out, over the carve-out's scale.
    pub kept: i64,
    /// Those that weigh anything: which events stand together here must not decide how many a line has.
    pub events: i64,
}

/// Money of a pot: a row of the reference, or what a payer paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    pub month: Period,
    pub country: u32,
    pub currency: Currency,
    /// Hash of the payer's id; 0 without one.
    pub payer: u128,
    pub minor: i64,
}

/// Everything that one pool, in all its versions, is divided by.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    pub uses: Vec<Use>,
    pub paid: Vec<Paid>,
    pub countries: Vec<String>,
    /// The rows that the pool asks for, counts, and refuses.
    pub asked: Asked,
}

/// The versions of one pool: index among the policies' programs, and what it says.
pub type Versions<'a> = Vec<(u16, &'a Program, &'a Pool)>;

/// Every pool of the policies by name.
#[must_use]
pub fn pools(policies: &Policies) -> BTreeMap<&str, Versions<'_>> {
    let mut pools: BTreeMap<&str, Versions<'_>> = BTreeMap::new();
    for (index, program) in (0_u16..).zip(&policies.programs) {
        if let Pay::Pool(pool) = &program.pay {
            pools.entry(&program.name).or_default().push((index, program, pool));
        }
    }
    pools
}

/// The rows of these creators that the versions of a pool count.
///
/// # Errors
/// As [`gather`].
pub fn counted(
    known: &Known<'_>,
    measures: &Measures,
    versions: &Versions<'_>,
    left_out: &FxHashSet<u32>,
    creators: &FxHashSet<u32>,
) -> Result<Vec<Counted>> {
    let mut all = Vec::new();
    for (index, program, pool) in versions {
        let version = Version { index: *index, program, pool, left_out };
        for of_file in of_files(known, measures, &version)? {
            let ours = of_file.events.into_iter().filter(|(_, event)| creators.contains(&event.creator));
            all.extend(ours.map(|(row, event)| Counted { row, month: event.month, usage: event.usage }));
        }
    }
    Ok(all)
}

/// Gathers what the versions of a pool are divided by. Uses are sorted by creator and, within one, by event where
/// a threshold looks at their order. Rows that are `left_out` are not asked.
///
/// # Errors
/// Usage below 0 (gate); an agreement that does not add up (input); a condition that fails (usage); a pot of the reference for a country that the pool does not tell
/// apart (input).
pub fn gather(
    known: &Known<'_>,
    measures: &Measures,
    classes: &Classes,
    linked: &Linked,
    versions: &Versions<'_>,
    left_out: &FxHashSet<u32>,
) -> Result<Gathered> {
    let mut countries = Countries::default();
    let mut gathered = Gathered { asked: Asked::of(known.rows.len()), ..Gathered::default() };
    for (index, program, pool) in versions {
        let version = Version { index: *index, program, pool, left_out };
        gathered.uses.extend(uses(known, measures, &version, &mut countries, &mut gathered.asked)?);
        gathered.paid.extend(paid(known, classes, linked, program, pool, &mut countries)?);
    }
    gathered.countries = countries.texts;
    Ok(gathered)
}

/// Countries by number.
#[derive(Debug, Default)]
struct Countries {
    texts: Vec<String>,
    numbers: BTreeMap<String, u32>,
}

impl Countries {
    fn number(&mut self, country: Option<&str>) -> u32 {
        let Some(country) = country.filter(|c| !c.is_empty()) else { return NONE };
        if let Some(number) = self.numbers.get(country) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(NONE);
        self.texts.push(country.to_owned());
        self.numbers.insert(country.to_owned(), number);
        number
    }
}

/// The expressions of a pool over one schema.
struct Compiled {
    condition: Option<Planned>,
    eligible: Vec<Planned>,
    weight: Planned,
    multipliers: Vec<Option<Planned>>,
    stays: Vec<(Option<Planned>, i64)>,
}

fn compile(
    engine: Engine,
    policies: &Policies,
    program: &Program,
    pool: &Pool,
    schema: &SchemaRef,
) -> Result<Compiled> {
    let plan = |sql: &Sql| Planned::condition(engine, policies, sql, schema);
    let maybe = |sql: &Option<Sql>| sql.as_ref().map(plan).transpose();
    let weight = Planned::whole(engine, policies, &pool.weight, schema, "usage weighs whole numbers")?;
    let mut stays = Vec::new();
    if let Some(carve_out) = &pool.carve_out {
        let scale = carve_out.scale()?;
        for case in &carve_out.stays {
            let part = (&case.part * &crate::money::Exact::from_int(scale)).floor_i128();
            let part = part.and_then(|p| i64::try_from(p).ok()).ok_or_else(|| Error::bug("a part is no number"))?;
            stays.push((maybe(&case.when)?, part));
        }
    }
    Ok(Compiled {
        condition: maybe(&program.condition)?,
        eligible: program.eligible.iter().map(|rule| plan(&rule.when)).collect::<Result<_>>()?,
        weight,
        multipliers: pool.multipliers.iter().map(|m| maybe(&m.when)).collect::<Result<_>>()?,
        stays,
    })
}

impl Compiled {
    /// The places of the columns that its expressions look at.
    fn columns(&self) -> BTreeSet<usize> {
        let own =
            self.condition.iter().chain(&self.eligible).chain([&self.weight]).chain(self.multipliers.iter().flatten());
        own.chain(self.stays.iter().filter_map(|(when, _)| when.as_ref())).flat_map(Planned::columns).collect()
    }
}

/// Plans every expression that pools ask of engagement with this canonical schema.
///
/// # Errors
/// The first that does not plan (usage, with a caret under it).
pub fn check_pools(engine: Engine, policies: &Policies, canonical: &SchemaRef) -> Result<()> {
    let schema = context_schema(canonical, policies);
    for (_, program, pool) in pools(policies).into_values().flatten() {
        compile(engine, policies, program, pool, &schema)?;
    }
    Ok(())
}

/// A version of a pool, and the rows that it does not ask.
struct Version<'a> {
    index: u16,
    program: &'a Program,
    pool: &'a Pool,
    left_out: &'a FxHashSet<u32>,
}

/// What one version is divided by.
fn uses(
    known: &Known<'_>,
    measures: &Measures,
    version: &Version<'_>,
    countries: &mut Countries,
    asked: &mut Asked,
) -> Result<Vec<Use>> {
    let pool = version.pool;
    let mut all: Vec<(u32, Event)> = Vec::new();
    for OfFile { events, refused } in of_files(known, measures, version)? {
        asked.add(events.iter().map(|(row, _)| *row), refused);
        all.extend(events);
    }
    let use_of = |event: &Event, countries: &mut Countries| Use {
        month: event.month,
        country: if pool.by_country { countries.number(event.country.as_deref()) } else { NONE },
        payer: event.payer,
        creator: event.creator,
        outcome: event.outcome,
        reached: 0,
        usage: event.usage,
        kept: event.kept,
        events: i64::from(event.usage != 0),
    };
    if pool.thresholds().any(|t| t.reading == Reading::AfterThreshold) {
        all.par_sort_by(|(a, x), (b, y)| x.creator.cmp(&y.creator).then_with(|| known.rows.in_order(*a, *b)));
        return Ok(all.iter().map(|(_, event)| use_of(event, countries)).collect());
    }
    let uses = all.iter().map(|(_, event)| use_of(event, countries)).collect::<Vec<_>>();
    drop(all);
    summed_within(known.engine, MEMORY_MIB, uses)
}

/// What a version of a pool says of every file of usage.
fn of_files(known: &Known<'_>, measures: &Measures, version: &Version<'_>) -> Result<Vec<OfFile>> {
    let versions = creator_versions(known);
    let mut standing = vec![false; known.rows.len()];
    known.standing.iter().for_each(|(row, _)| standing[*row as usize] = true);
    let files: Vec<_> = known.rows.files.iter().enumerate().filter(|(_, f)| f.log == Log::Engagement).collect();
    let files = files.into_par_iter();
    let found = files.map(|(at, file)| events(known, measures, &versions, version, &standing, at, file));
    // Of several files that fail, the first is named.
    found.collect::<Vec<Result<OfFile>>>().into_iter().collect()
}

/// One event that a pool looks at.
struct Event {
    month: Period,
    country: Option<String>,
    payer: u128,
    creator: u32,
    outcome: u32,
    usage: i64,
    kept: i64,
}

/// What a version of a pool says of a file's rows.
struct OfFile {
    events: Vec<(u32, Event)>,
    refused: Vec<(u32, Fate)>,
}

/// The events of a file that a pool's version is divided by, and those that it refuses.
fn events(
    known: &Known<'_>,
    measures: &Measures,
    versions: &[&[Creator]],
    version: &Version<'_>,
    standing: &[bool],
    at: usize,
    file: &SourceFile,
) -> Result<OfFile> {
    let Version { program, pool, left_out, .. } = version;
    let schema = context_schema(file.columns.schema(), known.policies);
    let compiled = compile(known.engine, known.policies, program, pool, &schema)?;
    let mut wanted = compiled.columns();
    wanted.extend(["payer_id", "payer_country"].iter().filter_map(|name| schema.index_of(name).ok()));
    let Context { batch, .. } = context(known, versions, measures, file, &wanted)?;
    let counts = |within: usize| {
        let row = file.first + u32::try_from(within).unwrap_or(0);
        let counts = standing[row as usize] && !left_out.contains(&row);
        counts && in_force(program, month(known, pool, row, at))
    };
    let rows = Asking {
        known,
        owner: format!("program {}, version {}", program.name, program.version),
        clauses: program.clauses(),
        batch: &batch,
        first: file.first,
        asked: (0..batch.num_rows()).map(counts).collect(),
    };
    let outcome = Outcome::of(&compiled, rows)?;
    let payers = text(&batch, "payer_id")?;
    let countries = pool.by_country.then(|| text(&batch, "payer_country")).transpose()?;
    let mut paid = PaidWhom::new(known, versions, version);
    let mut found = OfFile { events: Vec::new(), refused: Vec::new() };
    for within in 0..batch.num_rows() {
        let row = file.first + u32::try_from(within).unwrap_or(0);
        if !outcome.holds[within] {
            continue;
        }
        let month = month(known, pool, row, at);
        let refusal = paid.refusal(row, month)?;
        if let Some(fate) = refusal.or_else(|| outcome.failed(within, version.index)) {
            found.refused.push((row, fate));
            continue;
        }
        let usage = outcome.weights[within];
        if usage < 0 {
            return Err(Error::gate("usage of a pool is negative")
                .at(known.rows.place(row))
                .expected("a weight of 0 or more")
                .found(usage.to_string())
                .next("correct the weight in the policy, or the staging query"));
        }
        let value = |array: &arrow::array::StringArray| array.is_valid(within).then(|| array.value(within).to_owned());
        let payer = value(&payers).filter(|payer| !payer.is_empty());
        let kept = usage.checked_mul(outcome.stays[within]);
        let event = Event {
            month,
            country: countries.as_ref().and_then(value),
            payer: payer.map_or(0, |payer| id_hash(&payer)),
            creator: known.rows.records[row as usize].creator,
            outcome: outcome.bits[within],
            usage,
            kept: kept.ok_or_else(|| Error::gate("usage is beyond 64 bits"))?,
        };
        found.events.push((row, event));
    }
    Ok(found)
}

/// Whether those are known who would be paid for usage.
struct PaidWhom<'a> {
    known: &'a Known<'a>,
    versions: &'a [&'a [Creator]],
    program: &'a str,
    /// By creator and month: is every party known?
    parties: FxHashMap<(u32, Period), bool>,
}

impl<'a> PaidWhom<'a> {
    fn new(known: &'a Known<'a>, versions: &'a [&'a [Creator]], version: &Version<'a>) -> Self {
        Self { known, versions, program: &version.program.name, parties: FxHashMap::default() }
    }

    /// Why a row can't be counted: its creator is unknown on the day, or a party when the month is paid.
    fn refusal(&mut self, row: u32, month: Period) -> Result<Option<Fate>> {
        let rows = self.known.rows;
        let creator = rows.records[row as usize].creator;
        let versions = self.versions.get(creator as usize).copied().unwrap_or_default();
        if Creators::on(versions, rows.records[row as usize].day).is_none() {
            return Ok(Some(Fate::Quarantined(Reason::CreatorUnknownOnDate)));
        }
        let are_known = match self.parties.get(&(creator, month)) {
            Some(known) => *known,
            None => {
                let known = self.parties_known(creator, month)?;
                self.parties.insert((creator, month), known);
                known
            }
        };
        Ok((!are_known).then_some(Fate::Quarantined(Reason::PartyUnknownOnDate)))
    }

    fn parties_known(&self, creator: u32, month: Period) -> Result<bool> {
        let References { agreements, parties, .. } = self.known.references;
        let (day, last) = (paid_on(self.known, month), month.last_day());
        let paid = agreements.paid_on(self.known.rows.names.text(creator), self.program, day)?;
        Ok(paid.iter().all(|party| parties.on(party, last).is_some()))
    }
}

/// The day that a month's parts are earned on: its last, or the last day that the run takes.
#[must_use]
pub fn paid_on(known: &Known<'_>, month: Period) -> i32 {
    month.last_day().min(known.last_day)
}

fn text(batch: &RecordBatch, column: &str) -> Result<arrow::array::StringArray> {
    let array = batch.column_by_name(column).ok_or_else(|| Error::bug(format!("engagement without {column}")))?;
    let array = arrow::compute::cast(array, &DataType::Utf8).map_err(|e| Error::bug(e.to_string()))?;
    Ok(array.as_string::<i32>().clone())
}

/// The month whose pot an event divides: its own, or, where a close pins the pool, the first that knew it.
fn month(known: &Known<'_>, pool: &Pool, row: u32, file: usize) -> Period {
    let own = Period::of_day(known.rows.records[row as usize].day);
    if pool.late == PoolLate::Rerate {
        return own;
    }
    let now = Period::of_day(known.last_day);
    let since = known.since[file].of((row - known.rows.files[file].first) as usize);
    let learned = if since == i32::MAX { now } else { Period::new(since.div_euclid(12), since.rem_euclid(12) + 1) };
    own.max(learned)
}

fn in_force(program: &Program, month: Period) -> bool {
    let day = month.first_day();
    program.valid_from <= day && program.valid_to.is_none_or(|to| day < to)
}

/// How a pool's expressions come out for the rows of a batch.
struct Outcome {
    holds: Vec<bool>,
    /// By rule of eligibility.
    eligible: Vec<Vec<bool>>,
    weights: Vec<i64>,
    bits: Vec<u32>,
    /// The part that stays, over the carve-out's scale.
    stays: Vec<i64>,
}

impl Outcome {
    /// Of rows that are not asked for, or that the pool's `where` leaves out, nothing holds.
    fn of(compiled: &Compiled, mut rows: Asking<'_>) -> Result<Self> {
        if let Some(condition) = &compiled.condition {
            let holds = condition.holds(&rows)?;
            rows.asked.iter_mut().zip(holds).for_each(|(asked, holds)| *asked &= holds);
        }
        let all = |e: &Option<Planned>| match e {
            None => Ok(vec![true; rows.asked.len()]),
            Some(e) => e.holds(&rows),
        };
        let mut bits = vec![0_u32; rows.asked.len()];
        for (at, multiplier) in compiled.multipliers.iter().enumerate().filter(|(_, m)| m.is_some()) {
            for (bits, holds) in bits.iter_mut().zip(all(multiplier)?) {
                *bits |= u32::from(holds) << at;
            }
        }
        let mut stays = vec![0_i64; rows.asked.len()];
        for (when, part) in compiled.stays.iter().rev() {
            for (stays, holds) in stays.iter_mut().zip(all(when)?) {
                *stays = if holds { *part } else { *stays };
            }
        }
        let weights = compiled.weight.values(&rows)?;
        let weights = weights.as_primitive::<Int64Type>().iter().map(|w| w.unwrap_or(0)).collect();
        let eligible = compiled.eligible.iter().map(|rule| rule.holds(&rows)).collect::<Result<_>>()?;
        Ok(Self { holds: rows.asked, eligible, weights, bits, stays })
    }

    /// The first rule of eligibility that does not hold for a row, as its fate.
    fn failed(&self, row: usize, program: u16) -> Option<Fate> {
        let rule = self.eligible.iter().position(|holds| !holds[row])?;
        Some(Fate::Ineligible(program, u8::try_from(rule).unwrap_or(u8::MAX)))
    }
}

/// Memory that adding up usage may take before it spills, in MiB.
const MEMORY_MIB: usize = 1024;

/// Uses added up by everything that tells them apart; beyond so much memory (MiB) the groups spill to disk.
///
/// # Errors
/// A sum beyond Int64 (gate); memory or disk (resources).
pub fn summed_within(engine: Engine, memory_mib: usize, uses: Vec<Use>) -> Result<Vec<Use>> {
    let column = |value: &dyn Fn(&Use) -> i64| uses.iter().map(value).collect::<Vec<i64>>();
    let (schema, batch) = table(vec![
        ("month", column(&|u| i64::from(u.month.ordinal()))),
        ("country", column(&|u| i64::from(u.country))),
        ("payer_high", column(&|u| (u.payer >> 64).cast_signed() as i64)),
        ("payer_low", column(&|u| u.payer.cast_signed() as i64)),
        ("creator", column(&|u| i64::from(u.creator))),
        ("outcome", column(&|u| i64::from(u.outcome))),
        ("usage", column(&|u| u.usage)),
        ("kept", column(&|u| u.kept)),
        ("events", column(&|u| u.events)),
    ])?;
    drop(uses);
    let answer = engine.run_within(memory_mib, "queries/facts/usage.sql", USAGE, &[("uses", schema, vec![batch])])?;
    let mut summed = Vec::with_capacity(answer.iter().map(RecordBatch::num_rows).sum());
    for batch in answer {
        summed.extend(read_uses(&batch)?);
    }
    Ok(summed)
}

fn read_uses(batch: &RecordBatch) -> Result<Vec<Use>> {
    let keys = ["month", "country", "payer_high", "payer_low", "creator", "outcome"];
    let keys = keys.iter().map(|name| int64s(batch, name)).collect::<Result<Vec<_>>>()?;
    let sums = ["usage", "kept", "events"].iter().map(|name| int64s_or(batch, name, Some(0)));
    let sums = sums.collect::<Result<Vec<_>>>()?;
    let half = |value: i64| u128::from(value.cast_unsigned());
    (0..batch.num_rows())
        .map(|at| {
            let ordinal: i32 = narrow(keys[0][at])?;
            Ok(Use {
                month: Period::new(ordinal.div_euclid(12), ordinal.rem_euclid(12) + 1),
                country: narrow(keys[1][at])?,
                payer: half(keys[2][at]) << 64 | half(keys[3][at]),
                creator: narrow(keys[4][at])?,
                outcome: narrow(keys[5][at])?,
                reached: 0,
                usage: sums[0][at],
                kept: sums[1][at],
                events: sums[2][at],
            })
        })
        .collect()
}

/// The money of a version's pots.
fn paid(
    known: &Known<'_>,
    classes: &Classes,
    linked: &Linked,
    program: &Program,
    pool: &Pool,
    countries: &mut Countries,
) -> Result<Vec<Paid>> {
    match &pool.pot {
        Pot::Reference => of_reference(known, program, pool, countries),
        Pot::Paid { program: named, .. } => of_payers(known, classes, linked, program, named, countries),
    }
}

fn of_reference(known: &Known<'_>, program: &Program, pool: &Pool, countries: &mut Countries) -> Result<Vec<Paid>> {
    let mut paid = Vec::new();
    for (key, minor) in known.references.pots.of(&program.name).filter(|(key, _)| in_force(program, key.period)) {
        if key.country.is_some() && !pool.by_country {
            return Err(Error::input("a pot has a country, and its pool tells none apart")
                .at(format!("pots, {}, {}", key.program, key.period))
                .expected("no country, or by_country = true in the pool")
                .found(key.country.clone().unwrap_or_default()));
        }
        let country = countries.number(key.country.as_deref());
        paid.push(Paid { month: key.period, country, currency: key.currency, payer: 0, minor });
    }
    Ok(paid)
}

/// What every charge of a program brought after stated tax, less what was taken back, by its payer.
fn of_payers(
    known: &Known<'_>,
    classes: &Classes,
    linked: &Linked,
    program: &Program,
    named: &str,
    countries: &mut Countries,
) -> Result<Vec<Paid>> {
    let mut paid = Vec::new();
    for row in linked.rated.iter().flatten() {
        let unit = linked.unit(known, *row);
        let Match::Program(index) = classes.get(unit.class).matched else { continue };
        let month = Period::of_day(unit.day);
        if known.policies.programs[usize::from(index)].name != named || !in_force(program, month) {
            continue;
        }
        let currency = known.rows.records[unit.row as usize].currency;
        let currency = currency.ok_or_else(|| Error::bug("a rated row without a currency"))?;
        let payer = known.rows.text(unit.row, "payer_id").filter(|p| !p.is_empty()).map_or(0, id_hash);
        let country = countries.number(known.rows.text(unit.row, "payer_country"));
        paid.push(Paid { month, country, currency, payer, minor: unit.gross - unit.tax });
    }
    Ok(paid)
}
