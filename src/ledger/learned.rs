//! Which close was the first to learn of each row of a file: of most files one close of all rows; of a file that was cut
//! anew, row by row.

use super::manifest::InputFile;
use super::run::RunDir;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::period::Period;

/// For the rows of a file, in their order, the first period whose close knew them and how many such rows follow each
/// other; no period: no close did yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned(Vec<(Option<Period>, u64)>);

impl Learned {
    /// All of a file's rows at once.
    #[must_use]
    pub fn at_once(period: Option<Period>, rows: u64) -> Self {
        Self(vec![(period, rows)])
    }

    /// Row by row.
    #[must_use]
    pub fn each(periods: impl Iterator<Item = Option<Period>>) -> Self {
        let mut spans: Vec<(Option<Period>, u64)> = Vec::new();
        for period in periods {
            match spans.last_mut() {
                Some((last, rows)) if *last == period => *rows += 1,
                _ => spans.push((period, 1)),
            }
        }
        Self(spans)
    }

    /// The same row by row.
    pub fn rows(&self) -> impl Iterator<Item = Option<Period>> {
        self.0.iter().flat_map(|(period, rows)| (0..*rows).map(|_| *period))
    }

    /// The period of all rows, where they have one.
    #[must_use]
    pub fn all(&self) -> Option<Period> {
        match self.0[..] {
            [(period, _)] => period,
            _ => None,
        }
    }

    /// Does a close know any of them?
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0.iter().any(|(period, _)| period.is_some())
    }

    /// What is known of a file since the close of a period that was the first to read it.
    ///
    /// # Errors
    /// As [`Learned::kept_by`].
    pub fn by(run: &RunDir, period: Period, file: &InputFile) -> Result<Self> {
        let kept = Self::kept_by(run, file.log.parse()?, &file.sha256, file.rows)?;
        let spans = kept.unwrap_or_else(|| Self::at_once(None, file.rows)).0;
        Ok(Self(spans.into_iter().map(|(since, rows)| (since.or(Some(period)), rows)).collect()))
    }

    /// As the run of a period keeps it: a line for each span, `2026-01 120`; `-` for rows that are new.
    #[must_use]
    pub fn text(&self) -> String {
        let line = |(period, rows): &(Option<Period>, u64)| {
            format!("{} {rows}\n", period.map_or_else(|| "-".to_owned(), |period| period.to_string()))
        };
        self.0.iter().map(line).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let span = |line: &str| {
            let (period, rows) = line.split_once(' ')?;
            let period = if period == "-" { None } else { Some(period.parse().ok()?) };
            Some((period, rows.parse().ok()?))
        };
        text.lines().map(span).collect::<Option<_>>().map(Self)
    }

    /// What a run kept of a file that was cut anew; none where it was not.
    ///
    /// # Errors
    /// The copy is missing, was changed, or is not of that many rows (input).
    pub fn kept_by(run: &RunDir, log: Log, sha256: &str, rows: u64) -> Result<Option<Self>> {
        let Some((name, bytes)) = run.copies(&since_copy(log, sha256))?.into_iter().next() else {
            return Ok(None);
        };
        let learned = std::str::from_utf8(&bytes).ok().and_then(Self::parse);
        let whole = learned.filter(|learned| learned.0.iter().map(|(_, rows)| rows).sum::<u64>() == rows);
        let fault = || Error::input("what a run kept of a file that was cut anew can't be read").at(name);
        whole.ok_or_else(fault).map(Some)
    }
}

/// The name of a file's copy.
#[must_use]
pub fn since_copy(log: Log, sha256: &str) -> String {
    format!("since/{}/{sha256}", log.name())
}
