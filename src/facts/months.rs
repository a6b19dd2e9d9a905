//! Months in a row that were reached, and the months of enrolment that follow them.

use crate::period::Period;
use crate::policy::Enrolment;

/// Months in which a creator is enrolled: first and last of each stretch, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Months(Vec<(Period, Period)>);

impl Months {
    /// Enrolled from the month after each run that is long enough; `reached` is ascending, each month once.
    ///
    /// Of 120, 99, 130, 140, 101 points, at least 100 for 3 months: the third to the fifth are the run, so that the sixth is
    /// the first month of enrolment.
    #[must_use]
    pub fn enrolled(reached: &[Period], enrolment: &Enrolment) -> Self {
        let mut stretches: Vec<(Period, Period)> = Vec::new();
        let (mut run, mut before) = (0, None);
        for month in reached {
            run = if before == Some(month.previous()) { run + 1 } else { 1 };
            before = Some(*month);
            if run < enrolment.months_in_a_row {
                continue;
            }
            let (first, last) = (month.next(), month.plus(enrolment.lasts_months));
            match stretches.last_mut().filter(|stretch| stretch.1.next() >= first) {
                Some(stretch) => stretch.1 = last,
                None => stretches.push((first, last)),
            }
        }
        Self(stretches)
    }

    /// Is the month one of them?
    #[must_use]
    pub fn has(&self, month: Period) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= month);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, last)| month <= *last)
    }
}
