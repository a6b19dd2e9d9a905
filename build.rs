//! Tells the program which commit it is built from, where that can be known.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/refs/heads");
    println!("cargo::rerun-if-env-changed=EVERYCENT_COMMIT");
    let given = std::env::var("EVERYCENT_COMMIT").ok();
    let commit = given.or_else(head).map_or_else(String::new, |commit| format!(" ({commit})"));
    println!("cargo::rustc-env=EVERYCENT_BUILD={}{commit}", env!("CARGO_PKG_VERSION"));
}

/// The first 12 digits of the commit that is checked out.
fn head() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
