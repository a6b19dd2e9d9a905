//! The items of a query's SELECT lists: where each stands in the text, and each as a query of its own.
//!
//! A query that fails says seldom where; asked item by item it does.

use std::ops::Range;

use datafusion::sql::sqlparser::ast::{Cte, Expr, Query, SelectItem, SetExpr, Statement, With};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Word};

use crate::picture::offset;

/// One item of a SELECT list.
pub struct Item {
    /// Where it stands in the query's text.
    pub span: Range<usize>,
    /// What its column is called, where the text says so.
    pub name: Option<String>,
    /// The query with this item alone in its SELECT list; of a common table, its body.
    pub alone: String,
    /// Does it stand in the outermost SELECT list?
    pub is_outer: bool,
    /// Everything that it names.
    pub words: Vec<String>,
}

/// The items of the common tables in the order of the text, then those of the query; none where it does not parse.
pub fn items(sql: &str) -> Vec<Item> {
    let tokens = Tokenizer::new(&GenericDialect, sql).tokenize_with_location().unwrap_or_default();
    let statement = Parser::parse_sql(&GenericDialect, sql).ok().and_then(|mut s| s.drain(..).next());
    let Some(Statement::Query(query)) = statement else { return Vec::new() };
    let tables = query.with.as_ref().map_or(&[][..], |with| &with.cte_tables);
    let mut found = Vec::new();
    for (n, table) in tables.iter().enumerate() {
        add(&mut found, sql, &tokens, &standing_alone(table, &query, n), false);
    }
    add(&mut found, sql, &tokens, &query, true);
    found
}

/// The body of the `n`-th common table, with the tables before it.
fn standing_alone(table: &Cte, query: &Query, n: usize) -> Query {
    let mut body = table.query.as_ref().clone();
    if let (true, None, Some(with)) = (n > 0, &body.with, &query.with) {
        body.with = Some(With { cte_tables: with.cte_tables[..n].to_vec(), ..with.clone() });
    }
    body
}

fn add(found: &mut Vec<Item>, sql: &str, tokens: &[TokenWithSpan], query: &Query, is_outer: bool) {
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    let parts = parts(tokens, select.select_token.0.span.start);
    for (item, part) in select.projection.iter().zip(parts) {
        let mut alone = query.clone();
        if let SetExpr::Select(select) = alone.body.as_mut() {
            select.projection = vec![item.clone()];
        }
        let words = part.iter().filter_map(word).map(named).collect();
        found.push(Item { span: span(sql, part), name: name(item), alone: alone.to_string(), is_outer, words });
    }
}

/// The tokens of each item of the SELECT that stands at `location`.
fn parts(tokens: &[TokenWithSpan], location: Location) -> Vec<&[TokenWithSpan]> {
    let Some(select) = tokens.iter().position(|t| t.span.start == location) else { return Vec::new() };
    let tokens = &tokens[(select + 1).min(tokens.len())..];
    let (mut parts, mut begin, mut depth) = (Vec::new(), 0, 0_i32);
    for (at, token) in tokens.iter().enumerate() {
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace if depth > 0 => depth -= 1,
            Token::Comma if depth == 0 => {
                parts.push(&tokens[begin..at]);
                begin = at + 1;
            }
            Token::RParen | Token::SemiColon | Token::EOF => return ended(parts, &tokens[begin..at]),
            Token::Word(word) if depth == 0 && word.keyword == Keyword::FROM => {
                return ended(parts, &tokens[begin..at]);
            }
            _ => {}
        }
    }
    ended(parts, &tokens[begin..])
}

fn ended<'t>(mut parts: Vec<&'t [TokenWithSpan]>, last: &'t [TokenWithSpan]) -> Vec<&'t [TokenWithSpan]> {
    parts.push(last);
    parts
}

fn span(sql: &str, part: &[TokenWithSpan]) -> Range<usize> {
    let mut solid = part.iter().filter(|t| !matches!(t.token, Token::Whitespace(_)));
    let Some(first) = solid.next() else { return 0..0 };
    let last = solid.next_back().unwrap_or(first);
    let at = |location: Location| offset(sql, location.line, location.column);
    at(first.span.start)..at(last.span.end)
}

fn word(token: &TokenWithSpan) -> Option<&Word> {
    match &token.token {
        Token::Word(word) => Some(word),
        _ => None,
    }
}

/// A name as the engine takes it: in lower case, unless it is quoted.
fn named(word: &Word) -> String {
    if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() }
}

fn name(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.to_lowercase()),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.value.to_lowercase()),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(names)) => names.last().map(|n| n.value.to_lowercase()),
        _ => None,
    }
}

/// Where a keyword stands first outside of comments and quotes.
pub fn keyword(sql: &str, name: &str) -> Option<Range<usize>> {
    let tokens = Tokenizer::new(&GenericDialect, sql).tokenize_with_location().ok()?;
    let is_it =
        |t: &&TokenWithSpan| word(t).is_some_and(|w| w.quote_style.is_none() && w.value.eq_ignore_ascii_case(name));
    let found = tokens.iter().find(is_it)?;
    Some(span(sql, std::slice::from_ref(found)))
}
