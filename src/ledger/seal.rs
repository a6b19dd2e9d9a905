//! Hashes that prove a ledger: leaves and tree over statements, root, seal.
//!
//! All are SHA-256 over canonical bytes ([`super::canonical`]); hashes inside other hashes are their lower-case
//! hexadecimal text, except in the tree, which joins raw 32 bytes as RFC 6962 does.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::canonical::{Canonical, row_bytes, rows_sha256};
use super::columns::{TABLES, schema};
use super::row::Tables;
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
        level = level.chunks(2).map(|pair| if let [a, b] = pair { node(a, b) } else { pair[0] }).collect();
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
    let batches = tables.batches("statements").collect::<Result<Vec<_>>>()?;
    let mut bytes = Vec::with_capacity(tables.statements.len());
    for batch in &batches {
        for at in 0..batch.num_rows() {
            bytes.push(row_bytes(batch, at)?);
        }
    }
    let mut rows = bytes.iter();
    let mut leaves = Vec::new();
    for own in tables.statements.chunk_by(|a, b| a.party_id == b.party_id) {
        let statement = statement_bytes(rows.by_ref().take(own.len()))?;
        leaves.push(statement_leaf(secret, period, &own[0].party_id, &statement)?);
    }
    Ok(hex::encode(tree_root(&leaves)))
}

fn statement_bytes<'a>(rows: impl Iterator<Item = &'a Vec<u8>>) -> Result<Vec<u8>> {
    let schema = schema("statements")?;
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let mut bytes = Canonical::default().texts(names).bytes().to_vec();
    for row in rows {
        bytes.extend((row.len() as u64).to_be_bytes());
        bytes.extend(row);
    }
    Ok(bytes)
}

/// The canonical-row hash of every table, in the order of [`TABLES`].
///
/// # Errors
/// As [`rows_sha256`].
pub fn table_hashes(tables: &Tables) -> Result<Vec<(&'static str, String)>> {
    let hash = |name| Ok((name, rows_sha256(name, &*schema(name)?, tables.batches(name))?));
    TABLES.into_iter().map(hash).collect()
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
