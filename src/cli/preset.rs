//! `everycent init --preset`: a book under a real programme's published rules, or a primitive's, its first worked example as
//! its logs.

use std::path::Path;

use super::init::secret;
use super::output::{Format, Rows};
use crate::error::{Error, Result};
use crate::picture::nearest;
use crate::trial::{Kind, Named, Preset, preset, presets, stage_as};

/// Prints what there is.
///
/// # Errors
/// stdout is closed.
pub fn list() -> Result<()> {
    let row = |p: Preset| vec![p.kind.name().to_owned(), p.name.to_owned(), p.title.to_owned()];
    let rows = presets().into_iter().map(row).collect();
    Rows { headings: vec!["kind", "preset", "what it says"], numbers: vec![], rows }.print(Format::Table)
}

/// Makes the book.
///
/// # Errors
/// There is no such preset (usage); the folder can't be written (resources).
pub fn perform(dir: &Path, name: &str) -> Result<()> {
    let preset = preset(name).ok_or_else(|| {
        let all = presets();
        let names = all.iter().map(|p| p.name);
        Error::usage("there is no such preset")
            .expected(names.clone().collect::<Vec<_>>().join(", "))
            .found(name)
            .next(nearest(name, names))
    })?;
    let examples = preset.examples()?;
    let first = examples.0.first().ok_or_else(|| Error::bug(format!("the preset {name} has no example")))?;
    std::fs::create_dir_all(dir)?;
    let secret = secret()?;
    let named = Named { name, open: false, secret: secret.as_bytes() };
    let book = stage_as(dir, &preset.files(), first, &named)?;
    let shown = dir.display();
    let under = match preset.kind {
        Kind::Programme => "the published rules of",
        Kind::Primitive => "a policy that says one thing",
    };
    println!("{shown} is a book under {under}: {}", preset.title);
    println!("Its logs are the first worked example. Next:");
    println!("  everycent policy show --book {shown}");
    println!("  everycent policy test --book {shown}");
    println!("  everycent run --book {shown} --period {}", first.period.max(book.first_period));
    Ok(())
}
