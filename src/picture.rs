//! Where something stands in a text that people wrote (a policy, a query): `file:line:column`, and a picture with a caret.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

/// `file:line:column` of a byte offset, both from 1, the column in characters.
#[must_use]
pub fn place_text(name: &str, text: &str, offset: usize) -> String {
    let before = &text[..border(text, offset)];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("{name}:{line}:{column}")
}

/// The byte offset of a line and column, both from 1, the column in characters; the end where the text has no such place.
#[must_use]
pub fn offset(text: &str, line: u64, column: u64) -> usize {
    let (mut at_line, mut at_column) = (1, 1);
    for (at, c) in text.char_indices() {
        if (at_line, at_column) == (line, column) {
            return at;
        }
        (at_line, at_column) = if c == '\n' { (at_line + 1, 1) } else { (at_line, at_column + 1) };
    }
    text.len()
}

/// The source line with a caret under the span, alone.
#[must_use]
pub fn snippet(text: &str, span: Range<usize>) -> String {
    Renderer::plain().render(&[Group::with_level(Level::ERROR).element(drawn(text, span))])
}

/// A snippet of `text` with a caret under `span`, of which the first line is shown.
#[must_use]
pub fn drawn(text: &str, span: Range<usize>) -> Snippet<'_, Annotation<'_>> {
    let start = border(text, span.start);
    let end = border(text, span.end.max(start));
    let first_line = text[start..end].find(['\r', '\n']).map_or(end, |length| start + length);
    Snippet::source(text).annotation(AnnotationKind::Primary.span(start..first_line))
}

/// The nearest border between characters at or before an offset.
fn border(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// "did you mean …?" where a known word is near, and else all known words.
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str> + Clone) -> String {
    let distance = |candidate: &str| strsim::damerau_levenshtein(word, candidate);
    let near = known.clone().map(|k| (distance(k), k)).min().filter(|(d, k)| *d <= 1 + k.chars().count() / 3);
    match near {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None => format!("known here: {}", known.collect::<Vec<_>>().join(", ")),
    }
}
