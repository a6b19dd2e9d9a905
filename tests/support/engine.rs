//! The program, run as a process.

use std::path::Path;
use std::process::Command;

/// How a command ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// The outcome, if the exit code is 0.
    ///
    /// # Panics
    /// With all that was said, if it is not.
    #[track_caller]
    pub fn succeeded(self, what: &str) -> Self {
        assert_eq!(self.code, Some(0), "{what}\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

/// A command line of the program.
pub struct Everycent(Command);

impl Everycent {
    /// `everycent VERB --book DIR --period PERIOD`.
    pub fn verb(verb: &str, book: &Path, period: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_everycent"));
        command.arg(verb).arg("--book").arg(book).args(["--period", period]).env("NO_COLOR", "1");
        Self(command)
    }

    /// With an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// With a flag and its value.
    pub fn flag(mut self, name: &str, value: &str) -> Self {
        self.0.args([name, value]);
        self
    }

    /// With a flag that has no value.
    pub fn arg(mut self, name: &str) -> Self {
        self.0.arg(name);
        self
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Outcome {
        let output = self.0.output().expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Outcome { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}
