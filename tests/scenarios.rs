//! Stories that an accountant can read (tests/scenarios/*.txt), told to the slow model and to the program.

use std::path::{Path, PathBuf};

use crate::model::run::Model;
use crate::quarantine::{SIGNED, hash_of, stands};
use crate::support::conservation::faults;
use crate::support::folder::{Folder, Layout};
use crate::support::story::{Expected, Step, Story, What};
use crate::support::tables::{Tables, differences};

/// Tables in which a story names every row.
const COMPLETE: [&str; 4] = ["earnings", "quarantine", "waiting", "ineligible"];

/// All stories; `EVERYCENT_TEST_STORY=pool` tells those alone whose names begin so.
fn stories() -> Vec<(String, Story)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let entries = std::fs::read_dir(&dir).expect("the stories").map(|e| e.expect("a file").path());
    let mut paths: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "txt")).collect();
    let asked = std::env::var("EVERYCENT_TEST_STORY").unwrap_or_default();
    paths.retain(|p| p.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&asked)));
    paths.sort();
    assert!(!paths.is_empty(), "no stories in {}", dir.display());
    let story = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a story");
        (name, Story::parse(&text))
    };
    paths.into_iter().map(story).collect()
}

/// Whoever can be told a story.
trait Listener {
    fn deliver(&mut self, delivery: u32);
    fn run(&mut self, period: &str) -> Tables;
    fn close(&mut self, period: &str) -> Tables;
    fn decide(&mut self, log: &str, event: &str, minor: i64);
}

impl Listener for Model {
    fn deliver(&mut self, delivery: u32) {
        Model::deliver(self, delivery);
    }

    fn run(&mut self, period: &str) -> Tables {
        Model::run(self, period).tables.clone()
    }

    fn close(&mut self, period: &str) -> Tables {
        Model::close(self, period);
        self.draft(period).tables.clone()
    }

    fn decide(&mut self, log: &str, event: &str, minor: i64) {
        Model::decide(self, log, event, minor);
    }
}

impl Listener for Folder {
    fn deliver(&mut self, delivery: u32) {
        Folder::deliver(self, delivery);
    }

    fn run(&mut self, period: &str) -> Tables {
        Folder::run(self, period).succeeded(&format!("run of {period}"));
        self.tables(period)
    }

    fn close(&mut self, period: &str) -> Tables {
        Folder::close(self, period).succeeded(&format!("close of {period}"));
        self.tables(period)
    }

    fn decide(&mut self, log: &str, event: &str, minor: i64) {
        let hash = hash_of(&self.dir, event, &minor.to_string());
        stands(&self.dir, log, event, &hash, SIGNED).succeeded("redrive");
    }
}

/// The program, which must say what the model says in every table, journal and balances among them.
struct Beside {
    program: Folder,
    model: Model,
    differences: Vec<String>,
}

impl Beside {
    fn compared(&mut self, program: Tables, model: &Tables, step: &str) -> Tables {
        let found = differences(model, &program);
        self.differences.extend(found.into_iter().map(|found| format!("{step}, model and program: {found}")));
        program
    }
}

impl Listener for Beside {
    fn deliver(&mut self, delivery: u32) {
        self.program.deliver(delivery);
        self.model.deliver(delivery);
    }

    fn run(&mut self, period: &str) -> Tables {
        let (program, model) = (Listener::run(&mut self.program, period), Listener::run(&mut self.model, period));
        self.compared(program, &model, &format!("run of {period}"))
    }

    fn close(&mut self, period: &str) -> Tables {
        let (program, model) = (Listener::close(&mut self.program, period), Listener::close(&mut self.model, period));
        self.compared(program, &model, &format!("close of {period}"))
    }

    fn decide(&mut self, log: &str, event: &str, minor: i64) {
        self.program.decide(log, event, minor);
        self.model.decide(log, event, minor);
    }
}

/// Tells a story; what came otherwise than expected, in words.
fn tell(story: &Story, listener: &mut dyn Listener) -> Vec<String> {
    let mut wrong = Vec::new();
    for step in &story.steps {
        let tables = match &step.what {
            What::Deliver(delivery) => {
                listener.deliver(*delivery);
                continue;
            }
            What::Decide(log, event, minor) => {
                listener.decide(log, event, *minor);
                continue;
            }
            What::Run(period) => listener.run(period),
            What::Close(period) => listener.close(period),
            What::RunAndClose(period) => {
                let run = listener.run(period);
                let closed = listener.close(period);
                wrong.extend(
                    (run != closed).then(|| format!("the close of {period} found something else than the run")),
                );
                closed
            }
        };
        wrong.extend(check(step, &tables));
        wrong.extend(faults(&tables, None));
    }
    wrong
}

fn check(step: &Step, tables: &Tables) -> Vec<String> {
    let mut wrong = Vec::new();
    for table in ["earnings", "statements", "balances", "quarantine", "waiting", "ineligible", "control"] {
        let mut rest = tables[table].clone();
        let all: Vec<&Expected> = step.expected.iter().filter(|e| e.table == table).collect();
        for expected in all {
            match rest.iter().position(|line| expected.fits(line)) {
                Some(at) => drop(rest.swap_remove(at)),
                None => wrong.push(format!(
                    "line {}: no such row in {table}: {:?}\n    found {rest:#?}",
                    expected.line, expected.cells
                )),
            }
        }
        if COMPLETE.contains(&table) {
            wrong.extend(rest.iter().map(|line| format!("{:?}: unexpected in {table}: {line:?}", step.what)));
        }
    }
    wrong
}

#[test]
fn the_model_tells_every_story_as_expected() {
    let mut wrong = Vec::new();
    for (name, story) in stories() {
        let found = tell(&story, &mut Model::new(&story.book));
        wrong.extend(found.into_iter().map(|w| format!("{name} ({}): {w}", story.title)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_program_tells_every_story_as_expected_and_as_the_model_does() {
    let mut wrong = Vec::new();
    for (name, story) in stories() {
        let dir = tempfile::tempdir().expect("a folder");
        let program = Folder::create(dir.path(), &story.book, Layout::Backwards);
        let mut both = Beside { program, model: Model::new(&story.book), differences: Vec::new() };
        let mut found = tell(&story, &mut both);
        found.append(&mut both.differences);
        wrong.extend(found.into_iter().map(|w| format!("{name} ({}): {w}", story.title)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_program_tells_every_story_as_expected_where_each_delivery_cuts_all_before_it_anew() {
    let mut wrong = Vec::new();
    for (at, (name, story)) in (0..).zip(stories()) {
        let dir = tempfile::tempdir().expect("a folder");
        let found = tell(&story, &mut Folder::create(dir.path(), &story.book, Layout::Anew(at)));
        wrong.extend(found.into_iter().map(|w| format!("{name} ({}): {w}", story.title)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
