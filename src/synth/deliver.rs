//! Which rows a delivered file holds. Every file is worked out from the recipe alone.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::calendar::Calendar;
use super::charge::Charges;
use super::draw::{Draw, Purpose, Zipf, key};
use super::event::Event;
use super::file::Delivery;
use super::plan::{AGAIN_LAG, BACK_LAG, Back, LATE_DAYS, Plan, Plans};
use super::planted::{PLACES, Planted};
use super::recipe::Recipe;
use super::refs::People;
use super::reverse::{day_after, days, events};
use super::spoil::{conflicting, delivered, spoiled};
use crate::error::Result;
use crate::log::Log;
use crate::period::day_text;

/// A file to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// A part of a day's events, and of what takes events of days before back on that day.
    Part(Log, i32, u64),
    /// What is delivered again on a day.
    Again(Log, i32),
    /// What is delivered late: the month's index, the day's index in the month after.
    Late(Log, i32, i32),
}

/// Every file of the book, in order.
#[must_use]
pub fn jobs(recipe: &Recipe) -> Vec<Job> {
    let mut jobs = Vec::new();
    for log in recipe.logs() {
        for day in recipe.days() {
            jobs.extend((0..recipe.files_per_day).map(|part| Job::Part(log, day, part)));
            jobs.push(Job::Again(log, day));
        }
        let months = (0..recipe.months).flat_map(|month| (0..LATE_DAYS).map(move |day| (month, day)));
        jobs.extend(months.map(|(month, day)| Job::Late(log, month, day)));
    }
    jobs
}

impl Job {
    fn log(self) -> Log {
        match self {
            Job::Part(log, ..) | Job::Again(log, _) | Job::Late(log, ..) => log,
        }
    }

    /// Place, day of delivery and name of the file.
    fn target(self, recipe: &Recipe) -> (&'static str, i32, String) {
        match self {
            Job::Part(_, day, part) => (PLACES[0], day, format!("part-{part:04}.parquet")),
            Job::Again(_, day) => (PLACES[0], day, "again.parquet".to_owned()),
            Job::Late(_, month, day) => {
                let next = recipe.month(month).next();
                (PLACES[1], next.first_day() + day, format!("late-of-{}.parquet", recipe.month(month)))
            }
        }
    }

    fn path(self, recipe: &Recipe, book: &Path) -> PathBuf {
        let (place, day, name) = self.target(recipe);
        book.join(place).join(self.log().name()).join(format!("dt={}", day_text(day))).join(name)
    }
}

/// What all files of a book share.
pub struct Making<'a> {
    pub recipe: &'a Recipe,
    pub zipf: &'a Zipf,
    pub people: &'a People,
    pub book: &'a Path,
}

/// Writes a file, and counts what it holds.
///
/// # Errors
/// The disk refuses (resources).
pub fn write(making: &Making<'_>, job: Job) -> Result<Planted> {
    let log = job.log();
    let mut writing = Writing {
        recipe: making.recipe,
        charges: Charges::new(making.recipe, making.zipf, making.people, log),
        plans: Plans::new(making.recipe, log)?,
        calendar: making.recipe.calendar(log),
        deliveries: key(making.recipe.seed, Some(log), Purpose::Reversal),
        log,
        place: job.target(making.recipe).0,
        file: Delivery::new(job.path(making.recipe, making.book), log),
        planted: Planted::default(),
    };
    match job {
        Job::Part(_, day, part) => writing.part(day, part)?,
        Job::Again(_, day) => writing.again(day)?,
        Job::Late(_, month, day) => writing.late(month, day)?,
    }
    writing.file.finish()?;
    Ok(writing.planted)
}

struct Writing<'a> {
    recipe: &'a Recipe,
    charges: Charges<'a>,
    plans: Plans,
    calendar: Calendar,
    deliveries: u64,
    log: Log,
    place: &'static str,
    file: Delivery,
    planted: Planted,
}

impl Writing<'_> {
    fn row(&mut self, what: &'static str, detail: &'static str, event: &Event) -> Result<()> {
        self.planted.add(self.place, what, detail, event);
        self.file.push(event)
    }

    /// The numbers of a part of a day.
    fn numbers(&self, day: i32, part: u64) -> Range<u64> {
        let all = self.calendar.numbers(day);
        let (files, count) = (u128::from(self.recipe.files_per_day), u128::from(all.end - all.start));
        let upto = |part: u64| all.start + u64::try_from(count * u128::from(part) / files).unwrap_or(0);
        upto(part)..upto(part + 1)
    }

    fn part(&mut self, day: i32, part: u64) -> Result<()> {
        for number in self.numbers(day, part) {
            self.own(number, day)?;
        }
        for before in day - BACK_LAG..=day {
            for number in self.numbers(before, part) {
                if let Plan::Reversal(back) = self.plans.of(number) {
                    self.reversals(number, before, back, day)?;
                }
            }
        }
        Ok(())
    }

    fn own(&mut self, number: u64, day: i32) -> Result<()> {
        let plan = self.plans.of(number);
        if matches!(plan, Plan::Late(_)) {
            return Ok(());
        }
        let event = self.charges.event(number, day);
        match plan {
            Plan::Bad(reason) => self.row("bad", reason.code(), &spoiled(event, reason)),
            Plan::Conflict(_) => self.row("conflict", "", &event),
            Plan::Plain if self.is_delivery(number) => self.row("event", "", &delivered(event)),
            _ => self.row("event", "", &event),
        }
    }

    /// One order in ten is a delivery, without money.
    fn is_delivery(&self, number: u64) -> bool {
        self.log == Log::Commerce && Draw::new(self.deliveries, number).per_mille(100)
    }

    fn reversals(&mut self, number: u64, charged: i32, back: Back, day: i32) -> Result<()> {
        let (first, won) = days(self.recipe, charged, back);
        if first != day && won != Some(day) {
            return Ok(());
        }
        let charge = self.charges.event(number, charged);
        for (on, event) in events(self.recipe, &charge, charged, back) {
            if on == day {
                self.row("reversal", event.kind, &event)?;
            }
        }
        Ok(())
    }

    fn again(&mut self, day: i32) -> Result<()> {
        for before in day - AGAIN_LAG..=day {
            for number in self.calendar.numbers(before) {
                let (lag, same) = match self.plans.of(number) {
                    Plan::Duplicate(lag) => (lag, true),
                    Plan::Conflict(lag) => (lag, false),
                    _ => continue,
                };
                if day_after(self.recipe, before, lag) != day {
                    continue;
                }
                let event = self.charges.event(number, before);
                match same {
                    true => self.row("duplicate", "", &event)?,
                    false => self.row("conflict", "", &conflicting(event))?,
                }
            }
        }
        Ok(())
    }

    fn late(&mut self, month: i32, day: i32) -> Result<()> {
        let month = self.recipe.month(month);
        for before in month.first_day()..=month.last_day() {
            for number in self.calendar.numbers(before) {
                if self.plans.of(number) == Plan::Late(day) {
                    let event = self.charges.event(number, before);
                    self.row("event", "", &event)?;
                }
            }
        }
        Ok(())
    }
}
