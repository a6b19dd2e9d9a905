//! The small files of a book: `everycent.toml`, the secret, policies, the README and `planted.csv`.

use std::path::Path;

use super::charge::minor_of;
use super::draw::{Draw, Purpose, key};
use super::planted::Planted;
use super::recipe::{Mix, Recipe};
use crate::error::Result;
use crate::log::Log;
use crate::money::{Currency, major_text};

const PROGRAMS: &str = include_str!("../../data/synth/policies/programs.toml");
/// Live subscriptions, where there is engagement to measure, and where there is none.
const MEASURED: &str = include_str!("../../data/synth/policies/live_measured.toml");
const PLAIN: &str = include_str!("../../data/synth/policies/live.toml");
/// Euro cents below which nothing is paid out.
const MINIMUM: i64 = 2500;

/// Writes them.
///
/// # Errors
/// The disk refuses (resources).
pub fn write(recipe: &Recipe, planted: &Planted, book: &Path) -> Result<()> {
    std::fs::create_dir_all(book.join("policies"))?;
    let live = if recipe.mix == Mix::All { MEASURED } else { PLAIN };
    std::fs::write(book.join("policies/programs.toml"), PROGRAMS)?;
    std::fs::write(book.join("policies/live.toml"), live)?;
    std::fs::write(book.join("policies/terms.toml"), terms(recipe))?;
    std::fs::write(book.join("everycent.toml"), settings(recipe))?;
    std::fs::write(book.join("book.secret"), secret(recipe.seed))?;
    std::fs::write(book.join("planted.csv"), planted.csv())?;
    Ok(std::fs::write(book.join("README.md"), readme(recipe, planted))?)
}

fn settings(recipe: &Recipe) -> String {
    let mut text = format!(
        "# A generated book: see README.md.\n\n[book]\nname = \"synth\"\nzone = \"{}\"\nfirst_period = \"{}\"\n\
         orphan_days = 30\nsecret = \"book.secret\"\n",
        recipe.zone.name(),
        recipe.first_period
    );
    for log in recipe.logs() {
        let name = log.name();
        text += &format!("\n[log.{name}]\npath = \"logs/{name}\"\n");
        if log == Log::Engagement {
            text += "attributes = [\"views\"]         # how many views a row stands for\n";
        }
        let most = most_quarantined(recipe, log);
        text += &format!("max_quarantine = {{ rows = \"{most}\", amount = \"{most}\" }}\n");
    }
    text + "\n[reference]\ncreators = \"refs/creators.csv\"\nparties = \"refs/parties.csv\"\n\
            agreements = \"refs/agreements.csv\"\nfx_rates = \"refs/fx_rates.csv\"\n"
}

/// 1 % where a log has a million events a month; more where one broken row of a currency may weigh more.
fn most_quarantined(recipe: &Recipe, log: Log) -> &'static str {
    match recipe.events_of(log) / u64::from(recipe.months.unsigned_abs().max(1)) {
        1_000_000.. => "1 %",
        100_000.. => "5 %",
        10_000.. => "25 %",
        _ => "100 %",
    }
}

fn terms(recipe: &Recipe) -> String {
    let minimum = |c: &Currency| format!("{c} = \"{}\"", major_text(minor_of(MINIMUM, *c), *c));
    let minimums: Vec<String> = recipe.currencies.iter().map(minimum).collect();
    format!(
        "# How parties are settled: about 25 euros at least, in whatever currency they are paid.\n\n[[terms]]\n\
         version = \"1\"\nvalid_from = 1980-01-01\nfx_date = \"period_end\"\nfx_max_days_back = 7\n\
         minimum_payout = {{ {} }}\ndue_days = 15\n",
        minimums.join(", ")
    )
}

/// 64 hexadecimal digits that the seed gives: no secret at all.
fn secret(seed: u64) -> String {
    let mut draw = Draw::new(key(seed, None, Purpose::Secret), 0);
    let words: String = (0..4).map(|_| format!("{:016x}", draw.word())).collect();
    words + "\n"
}

fn readme(recipe: &Recipe, planted: &Planted) -> String {
    let rows = |place: &str| planted.entries().filter(|(e, ..)| e.place == place).map(|(_, rows, _)| rows).sum::<u64>();
    let last = recipe.month(recipe.months - 1);
    let mut text = format!(
        "# A generated book\n\n`{}` made this folder: {} events, {} creators, {} to {last}, {} rows in `logs`.\n\
         The same command makes the same bytes. Nobody in it exists; `book.secret` comes from the seed and is no secret.\n\n",
        recipe.command,
        recipe.events,
        recipe.creators,
        recipe.first_period,
        rows("logs"),
    );
    text += "```\neverycent run --book . --all --close\n```\n\n";
    if rows("late") > 0 {
        text += &format!(
            "`late` holds {} rows of these months that were delivered after their month's end. Copy them over the logs \
             once a month is closed, and run the month after: they are booked there, with the cause `late_event`.\n\n\
             ```\ncp -R late/. logs/ && everycent run --book . --period {}\n```\n\n",
            rows("late"),
            last.next()
        );
    }
    text + "What was planted (`planted.csv` has it by currency; amounts as `control` counts them):\n\n\
            | place | log | what | detail | rows |\n|---|---|---|---|---:|\n"
        + &planted_rows(planted)
}

fn planted_rows(planted: &Planted) -> String {
    planted
        .without_currency()
        .into_iter()
        .map(|([place, log, what, detail], rows)| format!("| {place} | {log} | {what} | {detail} | {rows} |\n"))
        .collect()
}
