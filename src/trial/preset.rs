//! Presets: policies of real programmes by their published rules, each with its worked examples, compiled in.

use include_dir::{Dir, include_dir};

use super::example::Examples;
use crate::error::Result;
use crate::pipeline::EXAMPLES;

static PRESETS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/policies");

/// A real programme's rules.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// The name of its folder in `policies/`.
    pub name: &'static str,
    /// The first line of its policy file.
    pub title: &'static str,
    policies: &'static str,
    examples: &'static str,
}

/// All presets, by name.
#[must_use]
pub fn presets() -> Vec<Preset> {
    let mut all: Vec<Preset> = PRESETS.dirs().filter_map(read).collect();
    all.sort_by_key(|p| p.name);
    all
}

/// A preset by name.
#[must_use]
pub fn preset(name: &str) -> Option<Preset> {
    presets().into_iter().find(|p| p.name == name)
}

fn read(folder: &'static Dir<'static>) -> Option<Preset> {
    let name = folder.path().file_name()?.to_str()?;
    let text = |file: String| PRESETS.get_file(folder.path().join(file))?.contents_utf8();
    let policies = text(format!("{name}.toml"))?;
    let title = policies.lines().next()?.trim_start_matches("# ");
    Some(Preset { name, title, policies, examples: text(format!("{name}{EXAMPLES}"))? })
}

impl Preset {
    /// Its files as they stand in a book: relative names and texts.
    #[must_use]
    pub fn files(&self) -> Vec<(String, String)> {
        vec![
            (format!("policies/{}.toml", self.name), self.policies.to_owned()),
            (format!("policies/{}{EXAMPLES}", self.name), self.examples.to_owned()),
        ]
    }

    /// Its worked examples.
    ///
    /// # Errors
    /// Never but for a bug.
    pub fn examples(&self) -> Result<Examples> {
        Examples::read(format!("policies/{}{EXAMPLES}", self.name), self.examples.to_owned())
    }
}
