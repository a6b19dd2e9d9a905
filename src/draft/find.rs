//! Which folders and files may be a log, and what can't be read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::datatypes::{DataType, SchemaRef};

use crate::error::Result;
use crate::intake::schema_of_file;

/// A folder, or a single file, of Parquet that may be a log.
pub struct Candidate {
    pub path: PathBuf,
    /// Relative to the folder that was given; empty where it is that folder.
    pub name: String,
    pub files: Vec<PathBuf>,
    /// The columns that every file has, as the first file has them.
    pub columns: Vec<(String, DataType)>,
    /// Where files differ, in words.
    pub differs: Vec<String>,
}

/// What a folder holds.
#[derive(Default)]
pub struct Found {
    pub candidates: Vec<Candidate>,
    /// Path and why it can't be read.
    pub unreadable: Vec<(String, String)>,
}

/// A file's path and footer schema.
type Footer = (PathBuf, SchemaRef);

/// Walks `from`: a folder whose Parquet files have one form, or whose folders are Hive partitions, is one log; of any
/// other, each folder and each file stands for itself.
///
/// # Errors
/// A folder can't be listed.
pub fn find(from: &Path) -> Result<Found> {
    let mut found = Found::default();
    if from.is_file() {
        let footers = footer(from, from, &mut found);
        found.candidates.extend(footers.map(|f| candidate(from, from, vec![f])));
        return Ok(found);
    }
    walk(from, from, &mut BTreeSet::new(), &mut found)?;
    Ok(found)
}

fn walk(root: &Path, dir: &Path, seen: &mut BTreeSet<PathBuf>, found: &mut Found) -> Result<()> {
    if !seen.insert(dir.canonicalize()?) {
        return Ok(());
    }
    let (folders, mut files) = entries(dir)?;
    let is_partition = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().contains('='));
    let others = folders.iter().filter(|f| !is_partition(f)).cloned().collect::<Vec<_>>();
    for folder in folders.iter().filter(|f| is_partition(f)) {
        below(folder, seen, &mut files)?;
    }
    let footers: Vec<Footer> = files.iter().filter_map(|file| footer(root, file, found)).collect();
    let names = |schema: &SchemaRef| schema.fields().iter().map(|f| f.name().clone()).collect::<BTreeSet<_>>();
    let alike =
        |pair: &[Footer]| names(&pair[0].1).intersection(&names(&pair[1].1)).count() * 2 > pair[0].1.fields().len();
    let is_one = others.is_empty() && footers.windows(2).all(alike);
    match is_one {
        true if footers.is_empty() => {}
        true => found.candidates.push(candidate(root, dir, footers)),
        false => found.candidates.extend(footers.into_iter().map(|f| candidate(root, &f.0.clone(), vec![f]))),
    }
    others.iter().try_for_each(|folder| walk(root, folder, seen, found))
}

/// All files under a partition.
fn below(dir: &Path, seen: &mut BTreeSet<PathBuf>, files: &mut Vec<PathBuf>) -> Result<()> {
    if !seen.insert(dir.canonicalize()?) {
        return Ok(());
    }
    let (folders, own) = entries(dir)?;
    files.extend(own);
    folders.iter().try_for_each(|folder| below(folder, seen, files))
}

/// Folders and files, by name; those that begin with `.` or `_` are passed over.
fn entries(dir: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let mut all = std::fs::read_dir(dir)?.map(|e| Ok(e?.path())).collect::<std::io::Result<Vec<_>>>()?;
    all.retain(|path| path.file_name().is_some_and(|n| !n.to_string_lossy().starts_with(['.', '_'])));
    all.sort();
    Ok(all.into_iter().partition(|path| path.is_dir()))
}

fn footer(root: &Path, file: &Path, found: &mut Found) -> Option<Footer> {
    let name = relative(root, file);
    let fault = if file.extension().is_none_or(|e| e != "parquet") {
        "no Parquet file: have it delivered as Parquet, and keep it out of a log's folder".to_owned()
    } else {
        match schema_of_file(file, &name) {
            Ok(schema) => return Some((file.to_path_buf(), schema)),
            Err(error) => error.what().to_owned(),
        }
    };
    found.unreadable.push((name, fault));
    None
}

fn candidate(root: &Path, path: &Path, footers: Vec<Footer>) -> Candidate {
    let mut counts: BTreeMap<&String, (usize, BTreeSet<String>)> = BTreeMap::new();
    for field in footers.iter().flat_map(|(_, schema)| schema.fields()) {
        let entry = counts.entry(field.name()).or_default();
        entry.0 += 1;
        entry.1.insert(field.data_type().to_string());
    }
    let all = footers.len();
    let mut differs = Vec::new();
    for (name, (count, types)) in &counts {
        if *count < all {
            differs.push(format!("{name} stands in {count} of {all} files: it can't be mapped"));
        } else if types.len() > 1 {
            let types = types.iter().cloned().collect::<Vec<_>>().join(" and ");
            differs.push(format!("{name} is {types} in different files"));
        }
    }
    let first = footers.first().map(|(_, schema)| schema.fields().clone()).unwrap_or_default();
    let everywhere = |name: &String| counts.get(name).is_some_and(|(count, _)| *count == all);
    let columns = first.iter().map(|f| (f.name().clone(), f.data_type().clone()));
    let columns = columns.filter(|(name, _)| everywhere(name)).collect();
    let files = footers.iter().map(|(file, _)| file.clone()).collect();
    Candidate { path: path.to_path_buf(), name: relative(root, path), files, columns, differs }
}

fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts = below.components().map(|c| c.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}
