//! Hashes that prove a ledger: leaves and tree over statements, root, seal.
//!
//! All are SHA-256 over canonical bytes ([`super::canonical`]); hashes inside other hashes are their lower-case
//! hexadecimal text, except in the tree, which joins raw 32 bytes as RFC 6962 does.

use hmac::{Hmac, KeyInit, Mac};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::canonical::{Canonical, put_counted, table_hash};
use super::cell::Row;
use super::columns::{TABLES, schema};
use super::row::{Statement, Tables};
use crate::error::{Error, Result};

/// A party's leaf: SHA-256 of byte 0, the salt, text period, text party, and the statement's bytes.
///
/// The salt is HMAC-SHA-256 with the book's secret as key over text period and text party, so that nobody without it
/// can guess amounts.
///
/// # Errors
/// The secret can't be a key (bug).
pub fn statement_leaf(secret: &[u8], period: &str, party: &str, statement: &[u8]) -> Result<[u8; 32]> {
    let whose = Canonical::of(period).text(party);
    let mut salt = Hmac::<Sha256>::new_from_slice(secret).map_err(|e| Error::bug(e.to_string()))?;
    salt.update(whose.bytes());
    let mut leaf = Sha256::new_with_prefix([0]);
    leaf.update(salt.finalize().into_bytes());
    leaf.update(whose.bytes());
    leaf.update(statement);
    Ok(leaf.finalize().into())
}

/// The root of the hash tree over leaves: a node is SHA-256 of byte 1 and its two children; an odd node goes up as it
/// is. That is the tree of RFC 6962, section 2.1; without leaves it is SHA-256 of nothing.
#[must_use]
pub fn tree_root(leaves: &[[u8; 32]]) -> [u8; 32] {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = level.par_chunks(2).map(|pair| if let [a, b] = pair { node(a, b) } else { pair[0] }).collect();
    }
    level.first().copied().unwrap_or_else(|| Sha256::digest([]).into())
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut node = Sha256::new_with_prefix([1]);
    node.update(left);
    node.update(right);
    node.finalize().into()
}

/// The root over a run's statements, lower-case hexadecimal: one leaf per party, in the order of the parties' bytes.
///
/// A statement's bytes are the list of the names of the columns of `statements`, then for each of the party's rows the
/// number of bytes that follow, and the row's canonical bytes.
///
/// # Errors
/// As [`statement_leaf`].
pub fn statements_root(secret: &[u8], period: &str, tables: &Tables) -> Result<String> {
    let schema = schema("statements")?;
    let names = Canonical::default().texts(schema.fields().iter().map(|field| field.name().as_str()));
    let parties: Vec<&[Statement]> = tables.statements.chunk_by(|a, b| a.party_id == b.party_id).collect();
    let leaves: Vec<Result<[u8; 32]>> = parties
        .into_par_iter()
        .map(|own| {
            let mut bytes = names.bytes().to_vec();
            own.iter().for_each(|row| put_counted(&mut bytes, |bytes| row.put(bytes)));
            statement_leaf(secret, period, &own[0].party_id, &bytes)
        })
        .collect();
    Ok(hex::encode(tree_root(&leaves.into_iter().collect::<Result<Vec<_>>>()?)))
}

/// Rows whose bytes are made by one worker at a time.
const ROWS: usize = 4_096;

/// The canonical-row hash of every table ([`super::canonical::rows_sha256`]), in the order of [`TABLES`].
///
/// # Errors
/// None but for a bug.
pub fn table_hashes(tables: &Tables) -> Result<Vec<(&'static str, String)>> {
    TABLES.into_par_iter().map(|name| Ok((name, hash_of(tables, name)?))).collect()
}

/// Bytes of rows are made side by side and hashed one after the other, some pieces at a time.
fn hash_of(tables: &Tables, table: &'static str) -> Result<String> {
    let (mut hash, rows) = (table_hash(table, &*schema(table)?), tables.rows(table)?);
    let pieces: Vec<usize> = (0..rows).step_by(ROWS).collect();
    for some in pieces.chunks(4 * rayon::current_num_threads()) {
        let bytes: Vec<Result<Vec<u8>>> =
            some.par_iter().map(|from| tables.row_bytes(table, *from..rows.min(from + ROWS))).collect();
        for bytes in bytes {
            hash.update(&bytes?);
        }
    }
    Ok(hex::encode(hash.finalize()))
}

/// The root of a run: SHA-256 of text `everycent root 1`, text period, for each table in the order of [`TABLES`] text
/// name and text canonical-row hash, then text root of the statements' tree.
#[must_use]
pub fn root<'a>(period: &str, tables: impl IntoIterator<Item = (&'a str, &'a str)>, statements_root: &str) -> String {
    let head = Canonical::of("everycent root 1").text(period);
    let all = tables.into_iter().fold(head, |bytes, (name, hash)| bytes.text(name).text(hash));
    all.text(statements_root).sha256()
}

/// The seal of a close: SHA-256 of text `everycent seal 1`, text root, text hash of the manifest's bytes, and the seal of
/// the period before, which may be missing.
#[must_use]
pub fn seal(root: &str, manifest_sha256: &str, previous_seal: Option<&str>) -> String {
    Canonical::of("everycent seal 1").text(root).text(manifest_sha256).maybe(previous_seal).sha256()
}
