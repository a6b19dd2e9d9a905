//! TOML with the place of every key and value, and the list of what is wrong with it.
//!
//! Policies are not read by deserialising: that stops at the first fault of a file and loses the places of keys. A
//! [`Table`] notes every key that it does not know when it is opened, and every wrong type when it is asked.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::picture::nearest;

/// Where something stands: a file's index and a span of bytes in its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub file: usize,
    pub start: usize,
    pub end: usize,
}

impl Place {
    fn of<T>(file: usize, spanned: &Spanned<T>) -> Self {
        let span = spanned.span();
        Self { file, start: span.start, end: span.end }
    }
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing runs with it.
    Error,
    /// It runs, and is perhaps not what was meant.
    Warning,
}

/// Something that is wrong, and the way out.
#[derive(Clone, Debug)]
pub struct Fault {
    pub level: Level,
    pub place: Place,
    pub message: String,
    pub help: String,
}

/// All faults so far.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Notes an error.
    pub fn error(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Fault { level: Level::Error, place, message: message.into(), help: help.into() });
    }

    /// Notes a warning.
    pub fn warning(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Fault { level: Level::Warning, place, message: message.into(), help: help.into() });
    }
}

/// Parses a file's text; notes every fault of syntax and every float. None where the syntax is broken.
pub fn parse<'a>(file: usize, text: &'a str, faults: &mut Faults) -> Option<Spanned<DeTable<'a>>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        let place = Place { file, start: span.start, end: span.end };
        match day_at(text, span.start) {
            Some(day) if error.message().contains("date") => {
                let help = "write a day that there is, as in 2026-01-31";
                faults.error(place, format!("{day} is no day of the calendar"), help);
            }
            _ => faults.error(place, format!("this is no TOML: {}", error.message()), "see toml.io for the syntax"),
        }
    }
    for value in root.get_ref().values() {
        refuse_floats(Value::new(file, value), faults);
    }
    errors.is_empty().then_some(root)
}

/// What is written like a day around this place.
fn day_at(text: &str, at: usize) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_digit() || c == '-';
    let start = text.get(..at)?.rfind(|c| !is_part(c)).map_or(0, |before| before + 1);
    let word = &text[start..];
    let word = &word[..word.find(|c| !is_part(c)).unwrap_or(word.len())];
    let digits = word.split('-').map(str::len);
    digits.eq([4, 2, 2]).then_some(word)
}

fn refuse_floats(value: Value<'_>, faults: &mut Faults) {
    match value.inner {
        DeValue::Float(float) => {
            let help = format!("write it as text: \"{}\" (a share as \"70 %\", money as \"25.00\")", float.as_str());
            faults.error(value.place, format!("{} is a binary float, which never touches money", float.as_str()), help);
        }
        DeValue::Array(items) => items.iter().for_each(|v| refuse_floats(Value::new(value.place.file, v), faults)),
        DeValue::Table(table) => table.values().for_each(|v| refuse_floats(Value::new(value.place.file, v), faults)),
        _ => {}
    }
}

/// A value and its place.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    pub place: Place,
    pub inner: &'a DeValue<'a>,
}

impl<'a> Value<'a> {
    fn new(file: usize, spanned: &'a Spanned<DeValue<'a>>) -> Self {
        Self { place: Place::of(file, spanned), inner: spanned.get_ref() }
    }

    /// The text, or a fault that says what was expected, as in `text such as "70 %"`.
    pub fn text(self, expected: &str, faults: &mut Faults) -> Option<&'a str> {
        let text = self.inner.as_str();
        if text.is_none() {
            self.wrong_type(expected, faults);
        }
        text
    }

    /// The items of a list, or a fault.
    pub fn items(self, expected: &str, faults: &mut Faults) -> Option<Vec<Value<'a>>> {
        let items = self.inner.as_array();
        if items.is_none() {
            self.wrong_type(expected, faults);
        }
        items.map(|items| items.iter().map(|item| Value::new(self.place.file, item)).collect())
    }

    /// The value of a key, where this is a table that has it.
    pub fn key(self, key: &str) -> Option<Value<'a>> {
        self.inner.as_table()?.get(key).map(|value| Value::new(self.place.file, value))
    }

    /// Notes that the type is wrong; floats have been noted already.
    pub fn wrong_type(self, expected: &str, faults: &mut Faults) {
        let found = match self.inner {
            DeValue::Float(_) => return,
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a bare number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        faults.error(self.place, format!("{found} does not belong here"), format!("write {expected}"));
    }
}

/// A table, its place, and what it is called in messages.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    pub place: Place,
    what: &'static str,
    map: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    /// A file's root; notes unknown keys.
    pub fn root(
        file: usize,
        root: &'a Spanned<DeTable<'a>>,
        what: &'static str,
        known: &[&str],
        faults: &mut Faults,
    ) -> Self {
        let table = Self { place: Place { file, start: 0, end: 0 }, what, map: root.get_ref() };
        table.refuse_unknown(known, faults);
        table
    }

    /// Opens a value as a table; notes a wrong type and unknown keys.
    pub fn open(value: Value<'a>, what: &'static str, known: &[&str], faults: &mut Faults) -> Option<Self> {
        let Some(map) = value.inner.as_table() else {
            value.wrong_type(&format!("a table with {}", known.join(", ")), faults);
            return None;
        };
        let table = Self { place: value.place, what, map };
        table.refuse_unknown(known, faults);
        Some(table)
    }

    /// A table whose keys are data.
    pub fn any(value: Value<'a>) -> Option<Self> {
        value.inner.as_table().map(|map| Self { place: value.place, what: "a table", map })
    }

    fn refuse_unknown(&self, known: &[&str], faults: &mut Faults) {
        for (place, key, _) in self.entries() {
            if !known.contains(&key) {
                let message = format!("{} has no key `{key}`", self.what);
                faults.error(place, message, nearest(key, known.iter().copied()));
            }
        }
    }

    /// Keys with their places, and values; in the order of the keys.
    pub fn entries(&self) -> impl Iterator<Item = (Place, &'a str, Value<'a>)> {
        let file = self.place.file;
        self.map.iter().map(move |(key, value)| (Place::of(file, key), key.get_ref().as_ref(), Value::new(file, value)))
    }

    /// The value of a key that may be missing.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        self.map.get(key).map(|value| Value::new(self.place.file, value))
    }

    /// The value of a key that must stand here.
    pub fn need(&self, key: &str, faults: &mut Faults) -> Option<Value<'a>> {
        let value = self.get(key);
        if value.is_none() {
            faults.error(self.place, format!("{} needs `{key}`", self.what), format!("add `{key} = …`"));
        }
        value
    }

    /// The tables of a list, opened; none where the key is missing.
    pub fn tables(&self, key: &str, what: &'static str, known: &[&str], faults: &mut Faults) -> Vec<Table<'a>> {
        let expected = format!("a list of tables: [[{key}]], or {key} = [ {{ … }} ]");
        let items = self.get(key).and_then(|value| value.items(&expected, faults)).unwrap_or_default();
        items.into_iter().filter_map(|item| Table::open(item, what, known, faults)).collect()
    }
}
