//! `everycent init`: a small working book, the sample of this repository; with `--from`, a draft over logs as they are;
//! with `--preset`, a book under a real programme's published rules, or under a small policy that says one thing.

use std::path::PathBuf;

use clap::Args;
use include_dir::{Dir, DirEntry, include_dir};

use super::Common;
use crate::error::{Error, Result};

const BOOK: &str = include_str!("../../data/sample/everycent.toml");
static PARTS: [(&str, Dir<'_>); 4] = [
    ("logs", include_dir!("$CARGO_MANIFEST_DIR/data/sample/logs")),
    ("policies", include_dir!("$CARGO_MANIFEST_DIR/data/sample/policies")),
    ("queries", include_dir!("$CARGO_MANIFEST_DIR/data/sample/queries")),
    ("refs", include_dir!("$CARGO_MANIFEST_DIR/data/sample/refs")),
];

/// What `init` takes.
#[derive(Args)]
pub struct Request {
    /// The folder to make; it must not exist, or be empty
    #[arg(required_unless_present = "list_presets")]
    dir: Option<PathBuf>,
    /// Start from a real programme's published rules, or from a primitive: a policy that says one thing
    #[arg(long, value_name = "NAME", conflicts_with = "from")]
    preset: Option<String>,
    /// List the presets, and make nothing
    #[arg(long, conflicts_with_all = ["from", "preset"])]
    list_presets: bool,
    /// Draft the book over this folder of logs, one folder or Parquet file each
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

/// Makes the book.
///
/// # Errors
/// The folder is not empty (usage), or can't be written (resources).
pub fn perform(common: &Common, request: &Request) -> Result<()> {
    let Some(dir) = request.dir.as_ref().filter(|_| !request.list_presets) else {
        return super::preset::list();
    };
    if dir.exists() && std::fs::read_dir(dir)?.next().is_some() {
        return Err(Error::usage("the folder is not empty")
            .at(dir.display().to_string())
            .expected("a new or empty folder")
            .next("name another folder"));
    }
    if let Some(from) = &request.from {
        return super::draft::perform(common, dir, from);
    }
    if let Some(preset) = &request.preset {
        return super::preset::perform(dir, preset);
    }
    std::fs::create_dir_all(dir)?;
    std::fs::write(dir.join("everycent.toml"), BOOK)?;
    for (name, part) in &PARTS {
        write(part, &dir.join(name))?;
    }
    std::fs::write(dir.join("book.secret"), secret()?)?;
    println!("{} is a book: a small platform, January to March 2026. Next:", dir.display());
    println!("  everycent run --book {} --all --close", dir.display());
    println!("  everycent statement ana --book {} --period 2026-02", dir.display());
    Ok(())
}

fn write(from: &Dir<'_>, to: &std::path::Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in from.entries() {
        let name = entry.path().file_name().unwrap_or_default();
        match entry {
            DirEntry::Dir(dir) => write(dir, &to.join(name))?,
            DirEntry::File(file) => std::fs::write(to.join(name), file.contents())?,
        }
    }
    Ok(())
}

/// 32 bytes of the system's randomness, in hexadecimal digits: the new book's own secret.
pub(super) fn secret() -> Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|e| Error::resources(format!("no randomness for the secret: {e}")))?;
    Ok(hex::encode(bytes) + "\n")
}
