//! How long an expression may be: the engine's work grows faster than the number of its operators, and its depth with it.

use std::ops::Range;

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, Tokenizer};

use crate::picture::offset;

/// The most bytes of text: a list of 50,000 numbers has some 400,000.
const BYTES: usize = 1 << 20;

/// The most operators on one way through the expression: those of a list's items, or of a function's arguments, stand side by
/// side. `when` counts as three, arithmetic as eight, by what the engine takes for them.
const OPERATORS: usize = 1000;

/// Why an expression is too long, and the place from which on it is.
pub(super) struct TooLong {
    pub message: String,
    pub span: Range<usize>,
}

/// What to do about it.
pub(super) const SHORTER: &str =
    "ask for many values with a list, as `coins in (1, 2, 3)`, or lay them down in a column by staging";

/// Is `sql` more than the engine can be asked?
pub(super) fn too_long(sql: &str) -> Option<TooLong> {
    if sql.len() > BYTES {
        let message = format!("it is too long: {} bytes, and {BYTES} are the most", sql.len());
        return Some(TooLong { message, span: 0..sql.len() });
    }
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location().ok()?;
    let mut way = Way::default();
    let token = tokens.into_iter().find(|token| way.takes(&token.token) > OPERATORS)?;
    let at = |place: Location| offset(sql, place.line, place.column);
    let message = format!("it is too long: more than {OPERATORS} operators, one after the other");
    Some(TooLong { message, span: at(token.span.start)..at(token.span.end) })
}

/// Operators from the outside in to where the text is read.
#[derive(Default)]
struct Way {
    /// Of the item that is read.
    here: usize,
    /// The most of the items before it, between the same parentheses.
    longest: usize,
    /// The same two of everything around it.
    around: Vec<(usize, usize)>,
    /// Of all that is around it.
    outside: usize,
}

impl Way {
    /// Reads on; so many operators lead there.
    fn takes(&mut self, token: &Token) -> usize {
        match token {
            Token::LParen | Token::LBracket => {
                self.outside += self.here;
                self.around.push((self.here, self.longest));
                (self.here, self.longest) = (0, 0);
            }
            Token::RParen | Token::RBracket => self.close(),
            Token::Comma => {
                self.longest = self.longest.max(self.here);
                self.here = 0;
            }
            other => self.here += weight(other),
        }
        self.outside + self.here
    }

    /// What stood in parentheses is as deep as its deepest item.
    fn close(&mut self) {
        let Some((here, longest)) = self.around.pop() else { return };
        self.outside -= here;
        (self.here, self.longest) = (here + self.longest.max(self.here), longest);
    }
}

fn weight(token: &Token) -> usize {
    match token {
        Token::Word(word) => match word.keyword {
            Keyword::AND | Keyword::OR | Keyword::NOT | Keyword::IS | Keyword::IN | Keyword::LIKE | Keyword::ILIKE => 1,
            Keyword::BETWEEN | Keyword::COLLATE => 1,
            Keyword::WHEN => 3,
            Keyword::DIV => 8,
            _ => 0,
        },
        Token::Eq | Token::DoubleEq | Token::Neq | Token::Lt | Token::Gt | Token::LtEq | Token::GtEq => 1,
        Token::Whitespace(_) | Token::Number(..) | Token::SingleQuotedString(_) | Token::Period | Token::EOF => 0,
        other if other.to_string().chars().all(|c| c.is_ascii_punctuation()) => 8,
        _ => 0,
    }
}
