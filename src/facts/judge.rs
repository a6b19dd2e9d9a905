//! What policies and references say of a row by itself: its program, its eligibility, the parties that it pays.

use super::context::earning_day;
use super::creators::{FETCHED, fetch};
use super::link::{Left, Rated, Refused, charge, refused};
use super::marks::Marks;
use super::{Classes, Known, Match};
use crate::error::{Error, Result};
use crate::fate::{Fate, Reason};
use crate::intake::{NONE, NULL};
use crate::log::{Effect, Log};
use crate::period::{Period, day_text};
use crate::policy::Pay;
use crate::reference::{Agreement, not_whole};

/// What one worker says of its rows.
#[derive(Default)]
pub(super) struct Judged {
    pub rated: Vec<Rated>,
    pub refused: Vec<Refused>,
    pub fates: Vec<(u32, Fate)>,
    /// Charges that a reversal names.
    pub named: Vec<Left>,
}

/// Judges rows by themselves; remembers what it found of the creator that it is at.
pub(super) struct Judge<'a> {
    known: &'a Known<'a>,
    classes: &'a Classes,
    creator: u32,
    agreement: Option<&'a Agreement>,
    /// The rows of the agreement that hold.
    holding: Vec<usize>,
    /// Whether every party is known on a period's last day, where these rows hold.
    parties: Vec<(i32, Vec<usize>, bool)>,
    /// The last answer of [`Judge::parties_known`], and the program and day that it was for.
    last: Option<(u16, i32, bool)>,
}

impl<'a> Judge<'a> {
    /// Knows no creator yet.
    pub fn new(known: &'a Known<'a>, classes: &'a Classes) -> Self {
        Self { known, classes, creator: NONE, agreement: None, holding: Vec::new(), parties: Vec::new(), last: None }
    }

    /// Gives charges, and rows without money, their fates, one creator after the other; an error comes with its row.
    pub fn all(mut self, mut rows: Vec<Rated>, named: &Marks) -> std::result::Result<Judged, (u32, Error)> {
        let mut judged = Judged::default();
        let mut first: Option<(u32, Error)> = None;
        let mut rated = 0;
        for from in (0..rows.len()).step_by(FETCHED) {
            let to = rows.len().min(from + FETCHED);
            fetch(self.known.rows, &rows[from..to]);
            for at in from..to {
                let row = rows[at];
                match self.charge(row, named, &mut judged) {
                    Ok(true) => {
                        rows[rated] = row;
                        rated += 1;
                    }
                    Ok(false) => {}
                    Err(error) => first = first.filter(|(other, _)| *other < row.row).or(Some((row.row, error))),
                }
            }
        }
        rows.truncate(rated);
        judged.rated = rows;
        first.map_or(Ok(judged), Err)
    }

    /// Gives a row its fate; does it give a unit?
    fn charge(&mut self, rated: Rated, named: &Marks, judged: &mut Judged) -> Result<bool> {
        let (rows, Rated { row, class }) = (self.known.rows, rated);
        let (fate, pays) = match rows.effect(row) {
            Effect::Reversal | Effect::Won => (Fate::Rated, false),
            Effect::Nothing => self.engaged(rated)?,
            Effect::Credit | Effect::Debit => {
                let party = rows.names.text(rows.party(row));
                let known = self.known.references.parties.on(party, rows.records[row as usize].day).is_some();
                (if known { Fate::Rated } else { Fate::Quarantined(Reason::PartyUnknownOnDate) }, false)
            }
            Effect::Charge => {
                let fate = self.judge(rated)?;
                match fate {
                    _ if named.has(row) => judged.named.push(Left::of_charge(charge(self.known, class, row), fate)),
                    Fate::Ineligible(program, _) => {
                        judged.refused.push(refused(&charge(self.known, class, row), program));
                    }
                    _ => {}
                }
                (fate, true)
            }
        };
        if fate != Fate::Rated {
            judged.fates.push((row, fate));
        }
        Ok(pays && fate == Fate::Rated)
    }

    /// A row without money is rated with nothing, unless a program pays for it.
    fn engaged(&mut self, rated: Rated) -> Result<(Fate, bool)> {
        let matched = self.classes.get(rated.class).matched;
        if self.known.rows.records[rated.row as usize].log != Log::Engagement || matched == Match::NoProgram {
            return Ok((Fate::Rated, false));
        }
        Ok((self.judge(rated)?, true))
    }

    /// The fate that policies and references give a row.
    ///
    /// # Errors
    /// Two programs rate it (usage); an agreement does not add up (input).
    pub fn judge(&mut self, Rated { row, class }: Rated) -> Result<Fate> {
        let outcome = self.classes.get(class);
        let program = match outcome.matched {
            Match::NoCreator => return Ok(Fate::Quarantined(Reason::CreatorUnknownOnDate)),
            Match::NoProgram => return Ok(Fate::Quarantined(Reason::NoPolicy)),
            Match::Two(a, b) => return Err(self.two_programs(row, a, b)),
            Match::Program(program) => program,
        };
        if !self.parties_known(row, program)? {
            return Ok(Fate::Quarantined(Reason::PartyUnknownOnDate));
        }
        let Some(rule) = outcome.failed else {
            let share = self.faulty_share(program, outcome.share_number);
            return Ok(share.map_or(Fate::Rated, Fate::Quarantined));
        };
        Ok(Fate::Ineligible(program, rule))
    }

    /// What is wrong with a share that a column says.
    fn faulty_share(&self, program: u16, number: i64) -> Option<Reason> {
        match &self.known.policies.programs[usize::from(program)].pay {
            Pay::Column { .. } if number == NULL => Some(Reason::ShareMissing),
            Pay::Column { per, .. } if !(0..=*per).contains(&number) => Some(Reason::ShareOutOfRange),
            _ => None,
        }
    }

    fn two_programs(&self, row: u32, a: u16, b: u16) -> Error {
        let name = |index: u16| {
            let program = &self.known.policies.programs[usize::from(index)];
            format!("{} version {}", program.name, program.version)
        };
        let id = self.known.rows.text(row, "event_id").unwrap_or("");
        Error::usage("two programs rate one charge")
            .at(format!("{}, event {id}, {}", self.known.rows.place(row), day_text(earning_day(self.known, row))))
            .expected("exactly one program whose condition holds")
            .found(format!("{} and {}", name(a), name(b)))
            .next("narrow the `where` of one of them")
    }

    fn parties_known(&mut self, row: u32, program: u16) -> Result<bool> {
        let known = self.known;
        let creator = known.rows.records[row as usize].creator;
        let day = earning_day(known, row);
        if creator != self.creator {
            self.creator = creator;
            self.agreement = known.references.agreements.of(known.rows.names.text(creator));
            self.parties.clear();
            self.last = None;
        }
        if let Some((.., answer)) = self.last.filter(|(p, d, _)| (*p, *d) == (program, day)) {
            return Ok(answer);
        }
        let answer = self.all_known(creator, program, day)?;
        self.last = Some((program, day, answer));
        Ok(answer)
    }

    /// Is every party of what a creator earns by a program on a day known on the period's last day?
    fn all_known(&mut self, creator: u32, program: u16, day: i32) -> Result<bool> {
        let known = self.known;
        let name = known.rows.names.text(creator);
        let program = &known.policies.programs[usize::from(program)].name;
        self.holding.clear();
        self.agreement.inspect(|agreement| agreement.holding(program, day, &mut self.holding));
        let last = Period::of_day(day).last_day();
        if let Some((.., answer)) = self.parties.iter().find(|(l, holding, _)| *l == last && *holding == self.holding) {
            return Ok(*answer);
        }
        let is_known = |party: &str| known.references.parties.on(party, last).is_some();
        let answer = match self.agreement.filter(|_| !self.holding.is_empty()) {
            None => is_known(name),
            Some(agreement) => {
                let shares = agreement.shares(&self.holding).ok_or_else(|| not_whole(name, program, day))?;
                shares.iter().all(|share| is_known(known.references.agreements.party(share.party)))
            }
        };
        self.parties.push((last, self.holding.clone(), answer));
        Ok(answer)
    }
}
