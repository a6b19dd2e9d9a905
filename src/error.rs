//! The one error type: who is to blame, what, where, expected and found, and what to do next.
//!
//! Each variant of [`Blame`] is a documented exit code (docs/operations.md), so that a scheduler can tell who has to act.

use std::fmt;

/// Who has to act on an error; the numbers are the process exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// A bug in the program: 1.
    Bug = 1,
    /// Wrong usage, book or policy: 2, the operator.
    Usage = 2,
    /// Input breaks its contract: 3, who produces the data.
    Input = 3,
    /// A gate refused: 4, finance.
    Gate = 4,
    /// The period is closed, or an approval is missing: 5, finance.
    Closed = 5,
    /// `diff`, `verify` or `replay` found a difference: 6, the auditor.
    Difference = 6,
    /// Another run holds the book: 7, the operator.
    Busy = 7,
    /// Disk, memory or store: 8, the operator.
    Resources = 8,
}

/// An error with everything its reader needs; built by `Error::usage("…").at("…").expected("…").found("…").next("…")`.
#[derive(Clone, Debug)]
pub struct Error(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    blame: Blame,
    what: String,
    place: Option<String>,
    expected: Option<String>,
    found: Option<String>,
    next: Option<String>,
    picture: Option<String>,
}

/// A result whose error names the exit code.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $blame:ident;)*) => {
        $($(#[$doc])* #[must_use] pub fn $name(what: impl Into<String>) -> Self { Self::new(Blame::$blame, what) })*
    };
}

impl Error {
    fn new(blame: Blame, what: impl Into<String>) -> Self {
        let what = what.into();
        Self(Box::new(Parts { blame, what, place: None, expected: None, found: None, next: None, picture: None }))
    }

    constructors! {
        /// A bug of ours (exit 1).
        bug => Bug;
        /// Wrong usage, book or policy (exit 2).
        usage => Usage;
        /// Input that breaks its contract (exit 3).
        input => Input;
        /// A gate refused (exit 4).
        gate => Gate;
        /// Closed period or missing approval (exit 5).
        closed => Closed;
        /// A difference found by an audit (exit 6).
        difference => Difference;
        /// Another run holds the book (exit 7).
        busy => Busy;
        /// Disk, memory or store (exit 8).
        resources => Resources;
    }

    /// Where: file, row group, row, policy line.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.0.place.get_or_insert(place.into());
        self
    }

    /// What was expected there.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.0.expected = Some(expected.into());
        self
    }

    /// What was found instead.
    #[must_use]
    pub fn found(mut self, found: impl Into<String>) -> Self {
        self.0.found = Some(found.into());
        self
    }

    /// What to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.0.next = Some(next.into());
        self
    }

    /// The source line with a caret under the fault, already drawn.
    #[must_use]
    pub fn picture(mut self, picture: impl Into<String>) -> Self {
        self.0.picture = Some(picture.into());
        self
    }

    /// An error on which the same people have to act.
    #[must_use]
    pub fn like(&self, what: impl Into<String>) -> Self {
        Self::new(self.0.blame, what)
    }

    /// Who has to act.
    #[must_use]
    pub fn blame(&self) -> Blame {
        self.0.blame
    }

    /// The process exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.0.blame as u8
    }

    /// The headline alone, for tests and logs.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.0.what
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &self.0;
        write!(f, "{}", parts.what)?;
        let lines = [("where", &parts.place), ("expected", &parts.expected), ("found", &parts.found)];
        for (label, text) in lines {
            if let Some(text) = text {
                write!(f, "\n  {label:<9} {text}")?;
            }
        }
        if let Some(picture) = &parts.picture {
            write!(f, "\n{picture}")?;
        }
        if let Some(next) = &parts.next {
            write!(f, "\n  {:<9} {next}", "next")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        Self::resources(format!("the file system refused: {e}")).next("check space and permissions, then run again")
    }
}
