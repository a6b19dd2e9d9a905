//! Presets, compiled in, each with its worked examples: policies of real programmes by their published rules, and primitives,
//! small policies that each say one thing.

use include_dir::{Dir, File, include_dir};

use super::example::Examples;
use crate::error::Result;
use crate::pipeline::EXAMPLES;

static PRESETS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/policies");

/// The folder of the primitives.
const PRIMITIVES: &str = "primitives";

/// What a preset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A real programme's rules; a folder of its own.
    Programme,
    /// One thing that a policy can say.
    Primitive,
}

impl Kind {
    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Programme => "programme",
            Kind::Primitive => "primitive",
        }
    }
}

/// A policy that a book can start from.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    pub kind: Kind,
    /// The name of its file, without an ending.
    pub name: &'static str,
    /// The first line of its policy file.
    pub title: &'static str,
    policies: &'static str,
    examples: &'static str,
}

/// All presets: programmes, then primitives, each by name.
#[must_use]
pub fn presets() -> Vec<Preset> {
    let mut all: Vec<Preset> = PRESETS.dirs().flat_map(|folder| folder.files()).filter_map(read).collect();
    all.sort_by_key(|p| (p.kind, p.name));
    all
}

/// A preset by name.
#[must_use]
pub fn preset(name: &str) -> Option<Preset> {
    presets().into_iter().find(|p| p.name == name)
}

/// A preset from its policy file.
fn read(file: &'static File<'static>) -> Option<Preset> {
    let path = file.path();
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".toml").filter(|_| !name.ends_with(EXAMPLES))?;
    let examples = PRESETS.get_file(path.with_file_name(format!("{name}{EXAMPLES}")))?.contents_utf8()?;
    let policies = file.contents_utf8()?;
    let title = policies.lines().next()?.trim_start_matches("# ");
    let kind = if path.starts_with(PRIMITIVES) { Kind::Primitive } else { Kind::Programme };
    Some(Preset { kind, name, title, policies, examples })
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
