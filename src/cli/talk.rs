//! Talk on stderr: errors, progress, logs. Data never goes here.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Common;
use crate::error::{Blame, Error};

/// Starts logging, and answers signals: everything is published by one rename, so that stopping at once is clean.
pub fn start(common: &Common) {
    let level = if common.quiet { tracing::Level::ERROR } else { tracing::Level::INFO };
    if common.json {
        let log = tracing_subscriber::fmt().json().with_writer(std::io::stderr).with_max_level(level);
        let _ = log.try_init();
    }
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        if let Ok(mut last) = LAST_FAILURE.lock() {
            *last = place;
        }
    }));
    if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) {
        std::thread::spawn(move || {
            for signal in signals.forever() {
                if signal == SIGINT && ASKING.load(Ordering::Relaxed) {
                    STOP.store(true, Ordering::Relaxed);
                    continue;
                }
                eprintln!("stopped by a signal; nothing was half-published");
                std::process::exit(128 + signal);
            }
        });
    }
}

/// Is a question of a prompt being answered, so that an interrupt stops it alone?
static ASKING: AtomicBool = AtomicBool::new(false);
static STOP: AtomicBool = AtomicBool::new(false);

/// Answers a question of a prompt: an interrupt stops the answer, not the program.
pub fn interruptible<T>(answer: impl FnOnce(&AtomicBool) -> T) -> T {
    STOP.store(false, Ordering::Relaxed);
    ASKING.store(true, Ordering::Relaxed);
    let answered = answer(&STOP);
    ASKING.store(false, Ordering::Relaxed);
    answered
}

/// Where a thread failed last: readers of damaged files may, and are answered; anything else is a bug.
static LAST_FAILURE: Mutex<Option<String>> = Mutex::new(None);

/// Did stdout's reader leave (`| head`)? It has what it wanted, and nothing failed.
pub fn reader_left(failure: &(dyn std::any::Any + Send)) -> bool {
    let text = failure.downcast_ref::<String>();
    text.is_some_and(|text| text.starts_with("failed printing to stdout"))
}

/// The error of a failure that nothing answered.
pub fn failure() -> Error {
    let place = LAST_FAILURE.lock().ok().and_then(|last| last.clone()).unwrap_or_default();
    Error::bug("the program failed")
        .at(place)
        .next("this is a bug of ours: please report it with the command and this place")
}

/// Prints an error with what to do next.
pub fn error(error: &Error) {
    eprintln!("error: {error}");
    if matches!(error.blame(), Blame::Input | Blame::Gate | Blame::Resources | Blame::Bug) {
        eprintln!("  nothing was published");
    }
    tracing::error!(exit_code = error.exit_code(), "{}", error.what());
}

/// A bar of rows read, on a terminal; silent elsewhere.
pub struct Progress(ProgressBar);

impl Progress {
    /// Starts a bar.
    #[must_use]
    pub fn new(common: &Common, what: &str) -> Self {
        let shown = std::io::stderr().is_terminal() && !common.quiet && !common.json;
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{spinner} {msg} {human_pos} rows, {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// More rows were read.
    pub fn add(&self, rows: u64) {
        self.0.inc(rows);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Says something on stderr, unless asked to be quiet.
pub fn say(common: &Common, text: &str) {
    if common.json {
        tracing::info!("{text}");
    } else if !common.quiet {
        eprintln!("{text}");
    }
}
