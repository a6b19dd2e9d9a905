//! Which files of the policies' folder are read, and which are not.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::picture::place_text;
use crate::policy::{Finding, Level};

/// How the name of a file of worked examples ends; such a file stands beside policies and is none.
pub const EXAMPLES: &str = ".examples.toml";

/// All `*.toml` files of the policies' folder but worked examples, by name (`policies/live.toml`), in order.
///
/// # Errors
/// The folder can't be read, or holds none; a file is no text (usage).
pub fn policy_files(folder: &Path) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        let name = name_of(&path);
        if name.ends_with(".toml") && !name.ends_with(EXAMPLES) {
            let bytes = std::fs::read(&path).map_err(|e| fault(folder, format!("{name}: {e}")))?;
            files.push((format!("policies/{name}"), text(&format!("policies/{name}"), bytes)?));
        }
    }
    files.sort();
    if files.is_empty() { Err(fault(folder, "no *.toml file".into())) } else { Ok(files) }
}

fn fault(folder: &Path, found: String) -> Error {
    Error::usage("the policies can't be read")
        .at(folder.display().to_string())
        .expected("a folder with *.toml files")
        .found(found)
        .next("see docs/policy.md, or start from `everycent init DIR`")
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |e: std::io::Error| fault(folder, e.to_string());
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths =
        entries.map(|entry| entry.map(|e| e.path())).collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A file's text, or the place of its first byte that is none.
fn text(name: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|e| {
        let (at, bytes) = (e.utf8_error().valid_up_to(), e.as_bytes());
        let before = String::from_utf8_lossy(&bytes[..at]).into_owned();
        Error::usage("a policy file is no UTF-8")
            .at(place_text(name, &before, at))
            .found(bytes.get(at).map_or_else(String::new, |byte| format!("the byte 0x{byte:02X}")))
            .next("save the file as UTF-8")
    })
}

/// A warning for each file below the folder that is like a policy file, and is not read.
///
/// # Errors
/// A folder can't be read (usage).
pub fn unread_files(folder: &Path) -> Result<Vec<Finding>> {
    let mut unread = Vec::new();
    add_unread(folder, "policies", true, &mut unread)?;
    Ok(unread.into_iter().map(finding).collect())
}

fn add_unread(folder: &Path, shown: &str, is_top: bool, unread: &mut Vec<String>) -> Result<()> {
    for path in entries(folder)? {
        let name = name_of(&path);
        let is_policy = name.to_lowercase().ends_with(".toml") && !name.to_lowercase().ends_with(EXAMPLES);
        if path.is_dir() && !path.is_symlink() {
            add_unread(&path, &format!("{shown}/{name}"), false, unread)?;
        } else if is_policy && !(is_top && name.ends_with(".toml")) {
            unread.push(format!("{shown}/{name}"));
        }
    }
    Ok(())
}

fn finding(place: String) -> Finding {
    let message = format!("{place} is not read: policies are the *.toml files of the folder itself");
    let help = "move it into the folder, with a name that ends in .toml, or out of it".to_owned();
    let picture = format!("warning: {message}\n  = help: {help}");
    Finding { level: Level::Warning, place, message, help, picture }
}
