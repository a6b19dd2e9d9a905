//! SQL read aloud.

use super::super::pins::tokens;

/// A run of characters without white space between them: a sign of comparison, or anything else.
struct Piece {
    text: String,
    is_apart: bool,
    is_sign: bool,
}

/// SQL with its comparisons in words, `followers is at least 10000`, without comments. Text in quotes stays as it is, and so
/// does a comparison with null, which is another thing than `is null`: it never holds.
#[must_use]
pub fn aloud(sql: &str) -> String {
    // Strings may be quoted otherwise.
    if sql.contains(['\\', '$']) {
        return sql.trim().to_owned();
    }
    let pieces = pieces(sql);
    let mut text = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        let words = spoken(piece).filter(|_| !is_beside_null(&pieces, at));
        if (piece.is_apart || words.is_some()) && !text.is_empty() && !text.ends_with(' ') {
            text.push(' ');
        }
        text.push_str(words.unwrap_or(&piece.text));
        text.extend(words.map(|_| ' '));
    }
    text
}

fn pieces(sql: &str) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::new();
    for (token, is_apart) in tokens(sql) {
        let is_sign = token.chars().all(|c| matches!(c, '<' | '>' | '=' | '!'));
        match all.last_mut() {
            Some(last) if !is_apart && (last.is_sign == is_sign || (is_sign && last.text.ends_with(is_operator))) => {
                last.text.push_str(token);
            }
            _ => all.push(Piece { text: token.to_owned(), is_apart, is_sign }),
        }
    }
    all
}

/// With one of these before it a sign is another operator, such as `->`.
fn is_operator(c: char) -> bool {
    matches!(c, '-' | '~' | '@' | '#' | '|' | '&' | '*')
}

fn spoken(piece: &Piece) -> Option<&'static str> {
    match piece.text.as_str() {
        _ if !piece.is_sign => None,
        ">=" => Some("is at least"),
        "<=" => Some("is at most"),
        "<>" | "!=" => Some("is not"),
        ">" => Some("is above"),
        "<" => Some("is below"),
        "=" => Some("is"),
        _ => None,
    }
}

fn is_beside_null(pieces: &[Piece], at: usize) -> bool {
    let is_null = |word: Option<&str>| word.is_some_and(|word| word.eq_ignore_ascii_case("null"));
    let is_end = |c: char| !c.is_alphanumeric() && c != '_' && c != '\'';
    let before = at.checked_sub(1).and_then(|at| pieces[at].text.rsplit(is_end).next());
    let after = pieces.get(at + 1).and_then(|piece| piece.text.split(is_end).next());
    is_null(before) || is_null(after)
}
