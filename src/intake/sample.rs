//! A look at some rows of a log: each raw row beside its canonical one, the broken and the excluded first.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use rayon::prelude::*;

use super::read::{LogReader, Mapped, faults, mapped};
use crate::error::Result;
use crate::log::Log;
use crate::period::Zone;
use crate::query::Engine;

/// A column's name and value as text; none is null.
pub type Cell = (String, Option<String>);

/// A row as it was delivered, and what intake makes of it.
#[derive(Clone, Debug)]
pub struct Sampled {
    pub log: Log,
    /// Path relative to the log's root.
    pub file: String,
    pub row_group: i64,
    /// Within the row group.
    pub row: i64,
    /// `quarantined` or `excluded`, and why; none is a row that keeps the contract.
    pub fault: Option<Fault>,
    pub raw: Vec<Cell>,
    pub canonical: Vec<Cell>,
}

/// Why a row is not rated, as far as it can be seen in the row itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The fate: `quarantined` (the row breaks the contract) or `excluded` (staging says so).
    pub fate: &'static str,
    /// The reason code, or the `exclude_reason`.
    pub reason: String,
}

/// Where a row stands: number of the file, and of the row in it.
type At = (usize, usize);

/// What one file has to choose from.
#[derive(Default)]
struct Choice {
    /// By fault, the first rows.
    broken: BTreeMap<Fault, Vec<usize>>,
    /// Sound rows, evenly over the file.
    sound: Vec<usize>,
}

/// At most `most` rows of a log, always the same ones for the same files.
///
/// At most half of them are broken or excluded, reason by reason in turn (more, where too few are sound); the others
/// are spread evenly over the files. The broken come first, then the sound, each by file and row.
///
/// # Errors
/// As for reading the log.
pub fn sample(
    engine: Engine,
    zone: &Zone,
    reader: &LogReader,
    most: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Sampled>> {
    let files = reader.files()?;
    let look = |path: &String| -> Result<Choice> {
        let found = mapped(engine, reader, path)?;
        progress(found.raw.rows.num_rows() as u64);
        choice(zone, reader.log, &found, most)
    };
    let choices = files.par_iter().map(look).collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>>>()?;
    let mut chosen: BTreeMap<usize, Vec<(usize, Option<Fault>)>> = BTreeMap::new();
    for ((file, row), fault) in choose(&choices, most) {
        chosen.entry(file).or_default().push((row, fault));
    }
    let mut rows = Vec::new();
    for (file, picks) in chosen {
        rows.extend(shown(engine, reader, &files[file], picks)?);
    }
    rows.sort_by_key(|row| row.fault.is_none());
    Ok(rows)
}

fn choice(zone: &Zone, log: Log, found: &Mapped, most: usize) -> Result<Choice> {
    let mut choice = Choice::default();
    for (row, fault) in faults(zone, log, &found.canonical)?.into_iter().enumerate() {
        match fault {
            None => choice.sound.push(row),
            Some((fate, reason)) => {
                let rows = choice.broken.entry(Fault { fate, reason }).or_default();
                if rows.len() < most {
                    rows.push(row);
                }
            }
        }
    }
    choice.sound = evenly(&choice.sound, most);
    Ok(choice)
}

fn choose(choices: &[Choice], most: usize) -> Vec<(At, Option<Fault>)> {
    let broken = in_turn(choices, most);
    let sound: usize = choices.iter().map(|c| c.sound.len()).sum();
    let first = broken.len().min((most / 2).max(most.saturating_sub(sound)));
    let rest = over_files(choices, most - first);
    let broken = broken.into_iter().take(first).map(|(at, fault)| (at, Some(fault)));
    broken.chain(rest.into_iter().map(|at| (at, None))).collect()
}

/// The first row of every fault, then the second of every fault, and so on.
fn in_turn(choices: &[Choice], most: usize) -> Vec<(At, Fault)> {
    let mut by_fault: BTreeMap<&Fault, Vec<At>> = BTreeMap::new();
    for (file, choice) in choices.iter().enumerate() {
        for (fault, rows) in &choice.broken {
            by_fault.entry(fault).or_default().extend(rows.iter().map(|row| (file, *row)));
        }
    }
    let turn = |n: usize| by_fault.iter().filter_map(move |(f, rows)| Some((*rows.get(n)?, (*f).clone())));
    (0..most).flat_map(turn).take(most).collect()
}

/// Sound rows, as evenly over the files as there are some.
fn over_files(choices: &[Choice], most: usize) -> Vec<At> {
    let having: Vec<usize> = (0..choices.len()).filter(|n| !choices[*n].sound.is_empty()).collect();
    let mut quota = vec![0_usize; having.len()];
    for place in evenly(&(0..having.len()).collect::<Vec<_>>(), most) {
        quota[place] = 1;
    }
    let mut left = most - quota.iter().sum::<usize>();
    while left > 0 {
        let open = (0..having.len()).filter(|n| quota[*n] < choices[having[*n]].sound.len());
        let Some(next) = open.min_by_key(|n| quota[*n]) else { break };
        quota[next] += 1;
        left -= 1;
    }
    let rows = |(n, file): (usize, usize)| evenly(&choices[file].sound, quota[n]).into_iter().map(move |r| (file, r));
    having.into_iter().enumerate().flat_map(rows).collect()
}

/// `most` of these, evenly spaced, in their order; all where there are no more.
fn evenly<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    match all.len() <= most {
        true => all.to_vec(),
        false => (0..most).map(|n| all[(2 * n + 1) * all.len() / (2 * most)]).collect(),
    }
}

fn shown(engine: Engine, reader: &LogReader, path: &str, picks: Vec<(usize, Option<Fault>)>) -> Result<Vec<Sampled>> {
    let found = mapped(engine, reader, path)?;
    let row = |(at, fault): (usize, Option<Fault>)| {
        let (row_group, row) = found.raw.provenance(at as u64);
        Sampled {
            log: reader.log,
            file: path.to_owned(),
            row_group,
            row,
            fault,
            raw: cells(&found.raw.rows, at),
            canonical: cells(&found.canonical.batch, at),
        }
    };
    let mut picks = picks;
    picks.sort_by_key(|(at, _)| *at);
    Ok(picks.into_iter().map(row).collect())
}

fn cells(batch: &RecordBatch, at: usize) -> Vec<Cell> {
    let schema = batch.schema();
    let cell = |(field, column): (&arrow::datatypes::FieldRef, &arrow::array::ArrayRef)| {
        let text = array_value_to_string(column, at).ok().filter(|_| column.is_valid(at));
        (field.name().clone(), text)
    };
    schema.fields().iter().zip(batch.columns()).map(cell).collect()
}
