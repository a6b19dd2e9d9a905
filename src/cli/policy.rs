//! `everycent policy`: check, test, show, diff.

use clap::Subcommand;

use super::{Common, policy_check, policy_say, policy_test};
use crate::error::Result;

/// What can be done with policies.
#[derive(Subcommand)]
pub enum Verb {
    /// Check all policy files of the book, and the agreements
    #[command(before_help = "Examples:\n  everycent policy check --book mybook\n")]
    Check,
    /// Run the worked examples beside the policies
    #[command(before_help = "Examples:\n  everycent policy test\n  everycent policy test --period 2026-10\n")]
    Test(policy_test::Request),
    /// Say in plain sentences what is in force
    #[command(before_help = "Examples:\n  everycent policy show --on 2026-10-01\n")]
    Show(policy_say::Show),
    /// Say in sentences what changes between two folders, files, periods or runs
    #[command(
        before_help = "Examples:\n  everycent policy diff 2026-09 policies\n  everycent policy diff old.toml new.toml\n"
    )]
    Diff(policy_say::Diff),
}

/// Does it.
///
/// # Errors
/// As each verb says.
pub fn perform(common: &Common, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Check => policy_check::perform(common),
        Verb::Test(request) => policy_test::perform(common, request),
        Verb::Show(request) => policy_say::show(common, request),
        Verb::Diff(request) => policy_say::diff(common, request),
    }
}
