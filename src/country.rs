//! Countries of ISO 3166-1; `data/countries.csv` is compiled in. Kosovo stands in it by the code that everybody uses.

const CSV: &str = include_str!("../data/countries.csv");

/// Rows of the table: code, three letters, another code in use, name.
fn rows() -> impl Iterator<Item = [&'static str; 4]> {
    CSV.lines().skip(1).filter_map(|line| {
        let mut cells = line.splitn(4, ',');
        Some([cells.next()?, cells.next()?, cells.next()?, cells.next()?])
    })
}

/// Is this a code of two letters in upper case?
#[must_use]
pub fn is_country(code: &str) -> bool {
    rows().any(|[known, ..]| known == code)
}

/// The code that somebody means who writes a country otherwise: `us`, `USA`, `UK`, `Germany`.
#[must_use]
pub fn country_meant(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let is = |cell: &str| !cell.is_empty() && cell.eq_ignore_ascii_case(text);
    rows().find(|row| row.iter().copied().any(is)).map(|[code, ..]| code)
}

/// What to write in place of a text that is no country.
#[must_use]
pub fn country_help(text: &str) -> String {
    match country_meant(text) {
        Some(code) => format!("did you mean `{code}`?"),
        None => "write a code of ISO 3166-1: two letters in upper case, such as US".into(),
    }
}
