//! Worked examples of policies: told in a file beside them, rated by the program itself in a book of their own.
//!
//! [`example`] reads `*.examples.toml`, [`value`] its cells, [`stage`] makes an example a book in a folder, [`judge`] holds what the
//! run found against what was expected, [`explained`] what a statement says of a line.

mod example;
mod explained;
mod judge;
mod preset;
mod stage;
mod value;

use std::path::Path;

pub use example::{Example, Examples, Expected};
pub use judge::{Verdict, judge};
pub use preset::{Kind, Preset, preset, presets};
pub use stage::{Named, stage, stage_as};

use crate::error::{Error, Result};
use crate::query::Engine;

/// Rates an example under these policies (relative names and texts) in a folder of its own, which is removed again.
///
/// # Errors
/// The example's events break their contract, or the policies can't rate them.
pub fn perform(engine: Engine, policies: &[(String, String)], example: &Example) -> Result<Vec<Verdict>> {
    let folder = tempfile::tempdir().map_err(|e| Error::resources(format!("no folder for an example: {e}")))?;
    let tried = stage(folder.path(), policies, example).and_then(|book| judge(engine, &book, example));
    tried.map_err(|e| e.at(example.place.clone()))
}

/// The examples of a policies' folder, by file and in the order of the files.
///
/// # Errors
/// A file can't be read, or says something that is no example (usage, with its place and a caret).
pub fn examples_of(folder: &Path) -> Result<Vec<Example>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(crate::pipeline::EXAMPLES) {
            files.push((format!("policies/{name}"), std::fs::read_to_string(&path)?));
        }
    }
    files.sort();
    let read = files.into_iter().map(|(name, text)| Examples::read(name, text));
    Ok(read.collect::<Result<Vec<_>>>()?.into_iter().flat_map(|examples| examples.0).collect())
}
