//! The files of a drafted book.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use super::recognise::{Draft, DraftLog};
use crate::error::Result;
use crate::log::Log;
use crate::period::{Period, day_text};
use crate::policy::TO_BE_DECIDED;

const REFERENCES: [(&str, &str); 4] = [
    ("creators", "creator_id,birth_date,followers,country,status,valid_from,valid_to"),
    ("parties", "party_id,kind,payout_currency,country,tax_form,status,valid_from,valid_to"),
    ("agreements", "creator_id,party_id,part,level,position,programs,valid_from,valid_to"),
    ("fx_rates", "date,currency,rate"),
];

/// Writes the draft's files into the folder `dir`, which exists; the secret is the caller's.
///
/// # Errors
/// A file can't be written.
pub fn write(draft: &Draft, dir: &Path) -> Result<()> {
    std::fs::write(dir.join("everycent.toml"), settings(draft, dir)?)?;
    for folder in ["policies", "queries/staging", "refs"] {
        std::fs::create_dir_all(dir.join(folder))?;
    }
    std::fs::write(dir.join("policies/policies.toml"), policies(draft))?;
    for log in draft.logs.iter().filter(|log| !log.is_canonical) {
        std::fs::write(dir.join(format!("queries/staging/{}.sql", log.log.name())), staging(log))?;
    }
    for (name, header) in REFERENCES {
        std::fs::write(dir.join(format!("refs/{name}.csv")), format!("{header}\n"))?;
    }
    Ok(())
}

fn first_period(draft: &Draft) -> Period {
    draft.first_period.unwrap_or_else(|| Period::new(2026, 1))
}

fn settings(draft: &Draft, dir: &Path) -> Result<String> {
    let name = dir.file_name().map_or_else(|| "book".into(), |n| n.to_string_lossy().into_owned());
    let why = match draft.first_period {
        Some(_) => "the month of the first event in the data; a later one leaves what is before it unpaid",
        None => "no event time could be read: name the first month that this book pays",
    };
    let mut text = format!(
        "# A draft by `everycent init --from`. Look at every line; `everycent doctor` says what is wrong.\n\n[book]\nname = {name:?}\nzone = \"UTC\"            # decide: the zone of every day and month, such as \"Europe/Lisbon\"\nfirst_period = \"{}\"    # {why}\nsecret = \"book.secret\"\n",
        first_period(draft)
    );
    for log in &draft.logs {
        let _ = write!(text, "\n[log.{}]\npath = {:?}\n", log.log.name(), relative(dir, &log.path)?);
        if let Some(key) = &log.delivery_key {
            let _ = writeln!(
                text,
                "delivery_key = {}   # no id in the data; each of these comes in one file",
                toml_text(key)
            );
        }
        if log.is_canonical && !log.unused.is_empty() {
            let names = log.unused.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "# attributes = [{names}]   # columns that policies may ask for");
        }
    }
    text += "\n[reference]\n";
    for (name, _) in REFERENCES {
        let _ = writeln!(text, "{name} = \"refs/{name}.csv\"");
    }
    Ok(text)
}

/// TOML text in single quotes, which holds SQL's double quotes as they are.
fn toml_text(sql: &str) -> String {
    if sql.contains('\'') { format!("{sql:?}") } else { format!("'{sql}'") }
}

/// The way from the book to a log.
fn relative(dir: &Path, to: &Path) -> Result<String> {
    let (dir, to) = (dir.canonicalize()?, to.canonicalize()?);
    let common = dir.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = dir.components().skip(common).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(to.components().skip(common)).collect();
    Ok(path.to_string_lossy().into_owned())
}

fn policies(draft: &Draft) -> String {
    let from = day_text(first_period(draft).first_day());
    let mut text = String::from(
        "# A draft: nothing runs until every share says what was agreed. docs/policy.md has the whole language.\n",
    );
    let rated = [Log::BrandDeals, Log::Commerce, Log::Gifts, Log::Subscriptions];
    for log in draft.logs.iter().map(|l| l.log).filter(|log| rated.contains(log)) {
        let name = log.name();
        let _ = write!(
            text,
            "\n[[program]]\nname = \"{name}\"\nversion = \"1\"\nvalid_from = {from}\nlog = \"{name}\"\nshare = \"{TO_BE_DECIDED}\"   # such as \"70 %\"\n"
        );
    }
    let _ = write!(
        text,
        "\n[[terms]]\nversion = \"1\"\nvalid_from = {from}\nfx_date = \"period_end\"\nfx_max_days_back = 7\ndue_days = 15\n# minimum_payout = {{ EUR = \"25.00\" }}   # less is carried; without it everything is paid\n"
    );
    text
}

fn staging(log: &DraftLog) -> String {
    let name = log.log.name();
    let key =
        if log.delivery_key.is_some() { "none in the data; the engine makes one (delivery_key)" } else { "event_id" };
    let mut text = format!(
        "-- {name}: drafted from {}; look at every line.\n-- Grain: a row of the log\n-- Key:   {key}\n-- Reads: raw\n-- Why:   the producer calls things by other names. What can't be read becomes null, and its row is quarantined.\n",
        log.name
    );
    for note in &log.differs {
        let _ = writeln!(text, "--        {note}");
    }
    let columns: Vec<_> = log.columns.iter().filter(|m| m.column != "event_id" || log.delivery_key.is_none()).collect();
    text += "select\n";
    for (n, m) in columns.iter().enumerate() {
        let comma = if n + 1 < columns.len() { "," } else { "" };
        let why = m.why.replace(['\n', '\r'], " ");
        let _ = writeln!(text, "    {} as {}{comma}  -- {}: {why}", m.sql, m.column, m.certainty.name());
    }
    if !log.unused.is_empty() {
        let _ = writeln!(text, "    -- not used: {}", log.unused.join(", ").replace(['\n', '\r'], " "));
    }
    text + "from raw\n"
}
