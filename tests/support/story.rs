//! Stories in plain text: a book, deliveries, runs, and what an accountant expects of them (tests/scenarios/README.md).

use super::book::TextBook;
use super::sheet::Line;

/// A story: a book, and what is done to it and expected of it.
pub struct Story {
    pub title: String,
    pub book: TextBook,
    pub steps: Vec<Step>,
}

/// Something done, with what is expected of it.
#[derive(Debug)]
pub struct Step {
    pub what: What,
    pub expected: Vec<Expected>,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Deliver(u32),
    Run(String),
    Close(String),
    RunAndClose(String),
    /// Of the rows of this log and event, the one with this amount stands.
    Decide(String, String, i64),
}

/// A row that a table must have: the cells named, and for some tables no other rows.
#[derive(Debug)]
pub struct Expected {
    pub table: &'static str,
    pub cells: Line,
    /// The line of the story.
    pub line: usize,
}

/// Where indented lines belong.
enum Block {
    Policy,
    People,
    Agreements,
    Advances,
    Referrals,
    Rates,
    Pots,
    /// A reference of the book's own: its name, and the column that its rates are by.
    OwnRates(String, String),
    Cutover,
    Events(u32),
    Expectations,
}

impl Story {
    /// Reads a story.
    ///
    /// # Panics
    /// With the line that can't be read.
    pub fn parse(text: &str) -> Self {
        let mut lines =
            text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.trim_start().starts_with('#'));
        let title = lines.next().expect("a title").1.to_owned();
        let book = TextBook::empty("story", "Europe/Berlin", "2026-10");
        let mut story = Self { title, book, steps: Vec::new() };
        let mut block = Block::Policy;
        for (at, line) in lines {
            if line.starts_with(' ') {
                story.item(&block, line.trim(), at + 1);
            } else {
                block = story.heading(line.trim(), at + 1);
            }
        }
        story
    }

    fn heading(&mut self, line: &str, at: usize) -> Block {
        let words: Vec<&str> = line.split_whitespace().collect();
        let what = match words[..] {
            ["policy"] => return Block::Policy,
            ["people"] => return Block::People,
            ["agreements"] => return Block::Agreements,
            ["advances"] => return Block::Advances,
            ["referrals"] => return Block::Referrals,
            ["rates", "for", "1", "EUR"] => return Block::Rates,
            ["pots"] => return Block::Pots,
            ["rates", "of", reference, "by", column] => {
                return Block::OwnRates(reference.to_owned(), column.to_owned());
            }
            ["brought", "over", "from", system] => {
                system.clone_into(&mut self.book.cutover.system);
                return Block::Cutover;
            }
            ["first", "period", period] => {
                period.clone_into(&mut self.book.first_period);
                return Block::Policy;
            }
            ["orphans", "wait", days, "days"] => {
                self.book.orphan_days = days.parse().expect("a number of days");
                return Block::Policy;
            }
            ["delivery", n] => What::Deliver(n.parse().expect("a number")),
            ["run", period] => What::Run(period.to_owned()),
            ["close", period] => What::Close(period.to_owned()),
            ["run", "and", "close", period] => What::RunAndClose(period.to_owned()),
            ["two", "people", "let", log, event, "of", amount, currency, "stand"] => {
                What::Decide(log.to_owned(), event.to_owned(), minor(amount, currency))
            }
            _ => panic!("line {at}: no heading: {line}"),
        };
        let block = if let What::Deliver(n) = what { Block::Events(n) } else { Block::Expectations };
        self.steps.push(Step { what, expected: Vec::new() });
        block
    }

    fn item(&mut self, block: &Block, line: &str, at: usize) {
        match block {
            Block::Policy => self.book.policies += &format!("{line}\n"),
            Block::People => self.person(line),
            Block::Agreements => self.agreement(line),
            Block::Advances => self.advance(line),
            Block::Referrals => self.referral(line),
            Block::Rates => self.rates(line),
            Block::Pots => self.pot(line, at),
            Block::OwnRates(reference, by) => self.own_rate(reference, by, line),
            Block::Cutover => self.brought_over(line, at),
            Block::Events(delivery) => self.event(line, *delivery, at),
            Block::Expectations => {
                let expected = Expected::parse(line, at);
                self.steps.last_mut().expect("a step").expected.push(expected);
            }
        }
    }

    /// `cho: born 1990-01-01, followers 5000, paid in EUR, from 2026-10-12`
    fn person(&mut self, line: &str) {
        let (who, clauses) = line.split_once(": ").expect("a colon after the name");
        let clause = |name: &str| clauses.split(", ").find_map(|c| c.strip_prefix(name)).map(str::trim);
        let from = clause("from ").unwrap_or("2026-01-01");
        if let Some(born) = clause("born ") {
            self.end_row("creators", who, from);
            let followers = clause("followers ").unwrap_or("0");
            let cells = [("creator_id", who), ("birth_date", born), ("followers", followers), ("status", "active")];
            let arrival = clause("known from delivery ").unwrap_or("");
            let more = [("country", "DE"), ("valid_from", from), ("arrival", arrival)];
            self.book.reference("creators", &row(&cells, &more));
        }
        if let Some(currency) = clause("paid in ") {
            self.end_row("parties", who, from);
            let kind = clause("kind ").unwrap_or("creator");
            let cells = [("party_id", who), ("kind", kind), ("payout_currency", currency), ("status", "active")];
            let more = [
                ("country", clause("country ").unwrap_or("DE")),
                ("tax_form", clause("form ").unwrap_or("")),
                ("stand_in", clause("stand-in ").unwrap_or("")),
                ("valid_from", from),
            ];
            self.book.reference("parties", &row(&cells, &more));
        }
    }

    /// `a1: ada 1,000.00 EUR, 50 % of creator, programs live, from 2026-10-05, to 2026-12-01`
    fn advance(&mut self, line: &str) {
        let (id, clauses) = line.split_once(": ").expect("a colon after the id");
        let mut clauses = clauses.split(", ");
        let words: Vec<&str> = clauses.next().expect("who and how much").split(' ').collect();
        let [party, amount, currency] = words[..] else { panic!("no advance: {line}") };
        let (rate, whose) = clauses.next().and_then(|c| c.split_once(" of ")).expect("the rate, and of whose part");
        let rest: Vec<&str> = clauses.collect();
        let clause = |name: &str| rest.iter().find_map(|c| c.strip_prefix(name)).unwrap_or("");
        let amount = minor(amount, currency).to_string();
        let cells = [("advance_id", id), ("party_id", party), ("currency", currency), ("amount_minor", &amount)];
        let more = [
            ("rate", rate),
            ("from", whose),
            ("programs", clause("programs ")),
            ("valid_from", clause("from ")),
            ("valid_to", clause("to ")),
        ];
        self.book.reference("advances", &row(&cells, &more));
    }

    /// `r1: gus for ada, 5 % of earned, 12 months, up to 50,000.00 EUR, from 2026-01-01`
    fn referral(&mut self, line: &str) {
        let (id, clauses) = line.split_once(": ").expect("a colon after the id");
        let mut clauses = clauses.split(", ");
        let (party, creator) = clauses.next().and_then(|c| c.split_once(" for ")).expect("who is paid for whom");
        let (rate, basis) = clauses.next().and_then(|c| c.split_once(" of ")).expect("the rate, and of what");
        let rest: Vec<&str> = clauses.collect();
        let clause = |name: &str| rest.iter().find_map(|c| c.strip_prefix(name)).unwrap_or("");
        let months = rest.iter().find_map(|c| c.strip_suffix(" months")).expect("how many months");
        let (cap, currency) = clause("up to ").split_once(' ').unwrap_or(("", ""));
        let cap = if cap.is_empty() { String::new() } else { minor(cap, currency).to_string() };
        let cells = [("referral_id", id), ("party_id", party), ("creator_id", creator), ("rate", rate)];
        let more = [
            ("basis", basis),
            ("months", months),
            ("cap_minor", &cap),
            ("cap_currency", currency),
            ("programs", clause("programs ")),
            ("valid_from", clause("from ")),
        ];
        self.book.reference("referrals", &row(&cells, &more));
    }

    /// The row of `key` that is open ends on this day.
    fn end_row(&mut self, reference: &str, key: &str, day: &str) {
        let sheet = self.book.refs.get_mut(reference).expect("a reference");
        let end = sheet.columns.iter().position(|column| column == "valid_to").expect("an end");
        let open = sheet.rows.iter_mut().filter(|row| row[0] == key && row[end].is_empty());
        open.for_each(|row| day.clone_into(&mut row[end]));
    }

    /// `ada, live_subs, from 2026-01-01 to 2026-10-16: ada 40 %, north rest; then ada 1/2, north rest`
    fn agreement(&mut self, line: &str) {
        let (head, parts) = line.split_once(": ").expect("a colon before the parts");
        let mut head = head.split(", ");
        let (creator, programs) = (head.next().expect("a creator"), head.next().expect("programs"));
        let days = head.next().unwrap_or("from 2026-01-01").trim_start_matches("from ");
        let (from, to) = days.split_once(" to ").unwrap_or((days, ""));
        let mut places: Vec<&str> = Vec::new();
        for (level, parts) in parts.split("; then ").enumerate() {
            for part in parts.split(", ") {
                let (party, part) = part.split_once(' ').expect("a party and its part");
                let known = places.iter().position(|p| *p == party);
                let position = known.unwrap_or(places.len());
                places.extend(known.is_none().then_some(party));
                let (level, position) = ((level + 1).to_string(), (position + 1).to_string());
                let cells = [("creator_id", creator), ("party_id", party), ("part", part), ("level", &level)];
                let more =
                    [("position", position.as_str()), ("programs", programs), ("valid_from", from), ("valid_to", to)];
                self.book.reference("agreements", &row(&cells, &more));
            }
        }
    }

    /// `2026-10-30: USD 1.25, JPY 150, known from delivery 3`
    fn rates(&mut self, line: &str) {
        let (day, quotes) = line.split_once(": ").expect("a colon after the day");
        let arrival = quotes.split(", ").find_map(|q| q.strip_prefix("known from delivery ")).unwrap_or("1");
        for quote in quotes.split(", ").filter(|q| !q.starts_with("known ")) {
            let (currency, rate) = quote.split_once(' ').expect("a currency and a rate");
            let cells = [("date", day), ("currency", currency), ("rate", rate), ("arrival", arrival)];
            self.book.reference("fx_rates", &row(&cells, &[]));
        }
    }

    /// `shorts 2026-10: 100,000.00 USD, in US, known from delivery 2`
    fn pot(&mut self, line: &str, at: usize) {
        let (head, clauses) = line.split_once(": ").expect("a colon before the pot");
        let words: Vec<&str> = head.split_whitespace().collect();
        let [program, month] = words[..] else { panic!("line {at}: no pot: {line}") };
        let mut clauses = clauses.split(", ");
        let money: Vec<&str> = clauses.next().expect("an amount").split_whitespace().collect();
        let [amount, currency] = money[..] else { panic!("line {at}: no amount: {line}") };
        let amount = minor(amount, currency).to_string();
        let (mut country, mut arrival) = ("", "1");
        for clause in clauses {
            match clause.strip_prefix("in ") {
                Some(code) => country = code,
                None => arrival = clause.strip_prefix("known from delivery ").expect("a delivery"),
            }
        }
        let cells = [("program", program), ("country", country), ("earning_period", month)];
        let more = [("currency", currency), ("amount_minor", amount.as_str()), ("arrival", arrival)];
        self.book.reference("pots", &row(&cells, &more));
    }

    /// `ada, mug: 15 % from 2026-08-01 to 2026-09-01`
    fn own_rate(&mut self, reference: &str, by: &str, line: &str) {
        let (key, rate) = line.split_once(": ").expect("a colon after the key");
        let (creator, key) = key.split_once(", ").expect("a creator and a key");
        let (rate, days) = rate.split_once(" from ").expect("a first day");
        let (from, to) = days.split_once(" to ").unwrap_or((days, ""));
        let columns = format!("creator_id {by} rate valid_from valid_to");
        let cells = [("creator_id", creator), (by, key), ("rate", rate)];
        self.book.own_reference(reference, &columns, &row(&cells, &[("valid_from", from), ("valid_to", to)]));
    }

    /// `balance party_payable ada 20.00 EUR of 2025-11`, `volume cho brand lifetime gross 49,990.00 EUR`,
    /// `paid brand_deals b0`
    fn brought_over(&mut self, line: &str, at: usize) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (sheet, cells, money) = match words[..] {
            ["balance", account, party, amount, currency, "of", month] => (
                "balances",
                vec![("account", account), ("party_id", party), ("booked_period", month)],
                [amount, currency],
            ),
            ["volume", creator, program, window, basis, amount, currency] => {
                let cells = vec![("creator_id", creator), ("program", program), ("window", window), ("basis", basis)];
                ("volumes", cells, [amount, currency])
            }
            ["paid", log, id] => return self.book.bring_over("paid_ids", &row(&[("log", log), ("event_id", id)], &[])),
            _ => panic!("line {at}: nothing that can be brought over: {line}"),
        };
        let amount = minor(money[0], money[1]).to_string();
        self.book.bring_over(sheet, &row(&cells, &[("amount_minor", &amount), ("currency", money[1])]));
    }

    /// `2026-10-17 b01 brand_deals milestone cho 49,990.00 EUR, tax 1.00, of b00`
    fn event(&mut self, line: &str, delivery: u32, at: usize) {
        let mut clauses = line.split(", ");
        let words: Vec<&str> = clauses.next().expect("an event").split_whitespace().collect();
        let [time, id, log, kind, who, money @ ..] = &words[..] else { panic!("line {at}: no event: {line}") };
        let currency = money.get(1).copied().unwrap_or("");
        let whose = if *log == "adjustments" { "party_id" } else { "creator_id" };
        let mut cells = row(&[("kind", kind), (whose, who), ("currency", currency)], &[]);
        cells.insert("event_time".to_owned(), instant(time));
        cells.insert("arrival".to_owned(), delivery.to_string());
        if let Some(amount) = money.first() {
            cells.insert("amount_minor".to_owned(), minor(amount, currency).to_string());
        }
        let mut times = 1;
        for clause in clauses {
            match clause.strip_suffix(" times") {
                Some(n) => times = n.parse().expect("how many"),
                None => cells.extend(clause_cell(clause, currency, at)),
            }
        }
        for n in 1..=times {
            let id = if times == 1 { (*id).to_owned() } else { format!("{id}-{n}") };
            cells.insert("event_id".to_owned(), id);
            self.book.event(log, &cells);
        }
    }
}

/// A clause after an event: a column's name in words, and its value.
fn clause_cell(clause: &str, currency: &str, at: usize) -> Option<(String, String)> {
    let names = [
        ("asked by ", "requested_by"),
        ("approved by ", "approved_by"),
        ("of ", "original_id"),
        ("from ", "original_time"),
        ("tax ", "tax_minor"),
        ("fee ", "channel_fee_minor"),
        ("tier ", "tier"),
        ("channel ", "channel"),
        ("month ", "tenure_months"),
        ("commission ", "commission_bps"),
        ("views ", "views"),
        ("audience ", "audience"),
        ("payer ", "payer_id"),
        ("country ", "payer_country"),
        ("content ", "content_id"),
        ("seconds ", "seconds"),
        ("tracks ", "tracks"),
        ("product ", "product_id"),
        ("order ", "order_id"),
    ];
    let found = names.iter().find_map(|(word, column)| Some((*column, clause.strip_prefix(word)?)));
    let (column, text) = found.unwrap_or_else(|| panic!("line {at}: no clause: {clause}"));
    let text = match column {
        "original_time" => instant(text),
        _ if column.ends_with("_minor") => minor(text, currency).to_string(),
        _ => text.to_owned(),
    };
    Some((column.to_owned(), text))
}

impl Expected {
    fn parse(line: &str, at: usize) -> Self {
        let (head, clauses) = line.split_once(':').unwrap_or((line, ""));
        let words: Vec<&str> = head.split_whitespace().collect();
        let (table, cells, currency) = match words[..] {
            ["earned", creator, program, currency, month, cause] => {
                let key = [("creator_id", creator), ("program", program), ("currency", currency)];
                ("earnings", row(&key, &[("earning_period", month), ("cause", cause)]), currency)
            }
            ["account", party, currency] => {
                ("statements", row(&[("party_id", party), ("currency", currency)], &[]), currency)
            }
            ["balance", account, currency] => {
                ("balances", row(&[("account", account), ("currency", currency)], &[]), currency)
            }
            ["balance", account, party, currency] => {
                let key = [("account", account), ("party_id", party), ("currency", currency)];
                ("balances", row(&key, &[]), currency)
            }
            ["quarantined", id, "because", reason] => {
                ("quarantine", row(&[("event_id", id), ("reason", reason)], &[]), "")
            }
            ["ineligible", id, "because", rule] => ("ineligible", row(&[("event_id", id), ("reason", rule)], &[]), ""),
            ["counted", log, fate, "because", reason, currency] => {
                let key = [("log", log), ("fate", fate), ("reason", reason), ("currency", currency)];
                ("control", row(&key, &[]), currency)
            }
            ["counted", log, fate, "because", reason] => {
                ("control", row(&[("log", log), ("fate", fate), ("reason", reason)], &[]), "")
            }
            ["counted", log, fate] => ("control", row(&[("log", log), ("fate", fate)], &[]), ""),
            ["waiting", id, "until", day] => ("waiting", row(&[("event_id", id), ("until", day)], &[]), ""),
            _ => panic!("line {at}: no expectation: {line}"),
        };
        let mut expected = Self { table, cells, line: at };
        for clause in clauses.split(", ").map(str::trim).filter(|c| !c.is_empty()) {
            expected.clause(clause, currency);
        }
        expected
    }

    /// `creator 48,490.30`, `split ada 2.80 + north 0.70`, `events 3`, `platform_fee 1.05`.
    fn clause(&mut self, clause: &str, currency: &str) {
        let (name, text) = clause.split_once(' ').unwrap_or_else(|| panic!("line {}: no value: {clause}", self.line));
        let column = match name {
            "events" | "version" | "oldest" | "rows" => {
                let column = [
                    ("events", "events"),
                    ("version", "policy_version"),
                    ("oldest", "oldest_period"),
                    ("rows", "rows"),
                ];
                let column = column.iter().find(|(n, _)| *n == name).expect("one of these").1;
                self.cells.insert(column.to_owned(), text.to_owned());
                return;
            }
            "split" => return drop(self.cells.insert("parts".to_owned(), split(text, currency))),
            "deducted" => return drop(self.cells.insert("deductions".to_owned(), split(text, currency))),
            "fee" => "channel_fee_minor".to_owned(),
            "paid" => "payout_minor".to_owned(),
            _ => format!("{name}_minor"),
        };
        self.cells.insert(column, minor(text, currency).to_string());
    }

    /// Whether a row of the table has these cells; lists are compared as `name minor` pairs.
    pub fn fits(&self, line: &Line) -> bool {
        let zero = |column: &str| column.ends_with("_minor") && !line.contains_key(column);
        self.cells.iter().all(|(column, text)| match column.as_str() {
            "parts" | "deductions" => line.get(column).map(|json| listed(json)).as_deref() == Some(text),
            _ => line.get(column) == Some(text) || (zero(column) && text == "0"),
        })
    }
}

/// `ada 2.80 + north 0.70` with amounts in minor units.
fn split(text: &str, currency: &str) -> String {
    let part = |part: &str| {
        let words: Vec<&str> = part.split_whitespace().collect();
        match words[..] {
            [name, amount] => format!("{name} {}", minor(amount, currency)),
            [name, amount, "as", paid, in_currency] => {
                format!("{name} {} as {} {in_currency}", minor(amount, currency), minor(paid, in_currency))
            }
            [name, amount, "without", "a", "rate"] => format!("{name} {} without a rate", minor(amount, currency)),
            _ => panic!("no part: {part}"),
        }
    };
    text.split(" + ").map(part).collect::<Vec<_>>().join(" + ")
}

/// A list of a table in the words of [`split`].
fn listed(json: &str) -> String {
    let items: Vec<serde_json::Value> = serde_json::from_str(json).expect("a list");
    let item = |item: &serde_json::Value| {
        let name = item.get("party_id").or_else(|| item.get("name")).and_then(|v| v.as_str()).expect("a name");
        let text = format!("{name} {}", item["minor"]);
        match (item.get("rate"), item.get("payout_minor")) {
            (Some(rate), _) if rate.is_null() => format!("{text} without a rate"),
            (Some(rate), Some(paid)) if rate.as_str() != Some("1") => {
                format!("{text} as {paid} {}", item["payout_currency"].as_str().expect("a currency"))
            }
            _ => text,
        }
    };
    items.iter().map(item).collect::<Vec<_>>().join(" + ")
}

fn row(cells: &[(&str, &str)], more: &[(&str, &str)]) -> Line {
    let all = cells.iter().chain(more).filter(|(_, text)| !text.is_empty());
    all.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// A day means noon of it, in UTC.
fn instant(text: &str) -> String {
    if text.len() == 10 { format!("{text}T12:00:00Z") } else { text.to_owned() }
}

/// `48,490.30` in minor units of its currency.
fn minor(text: &str, currency: &str) -> i64 {
    let digits = match currency {
        "JPY" => 0,
        "KWD" => 3,
        _ => 2,
    };
    let plain = text.replace(',', "");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    assert!(fraction.len() <= digits, "{text} {currency} is finer than the minor unit");
    format!("{whole}{fraction:0<digits$}").parse().unwrap_or_else(|_| panic!("no amount: {text}"))
}
