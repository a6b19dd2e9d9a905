//! Where a fault stands, as text and as a picture with a caret.

use annotate_snippets::{AnnotationKind, Group, Level as Weight, Renderer, Snippet};

use super::model::PolicyFile;
use super::source::{Fault, Level, Place};

/// `file:line:column`, both from 1, the column in characters.
pub fn place_text(file: &PolicyFile, place: Place) -> String {
    let start = border(&file.text, place.start);
    let before = &file.text[..start];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("{}:{line}:{column}", file.name)
}

/// The source line with a caret under the fault, alone.
pub fn snippet(file: &PolicyFile, place: Place) -> String {
    let picture = Group::with_level(Weight::ERROR).element(drawn(file, place, false));
    Renderer::plain().render(&[picture])
}

/// Message, source line with a caret, and way out.
pub fn full(file: &PolicyFile, fault: &Fault) -> String {
    let weight = if fault.level == Level::Error { Weight::ERROR } else { Weight::WARNING };
    let picture = weight.primary_title(fault.message.as_str()).element(drawn(file, fault.place, true));
    Renderer::plain().render(&[picture.element(Weight::HELP.message(fault.help.as_str()))])
}

fn drawn(file: &PolicyFile, place: Place, named: bool) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
    let start = border(&file.text, place.start);
    let end = border(&file.text, place.end.max(start));
    let first_line = file.text[start..end].find(['\r', '\n']).map_or(end, |length| start + length);
    let caret = AnnotationKind::Primary.span(start..first_line);
    let snippet = Snippet::source(file.text.as_str()).annotation(caret);
    if named { snippet.path(file.name.as_str()) } else { snippet }
}

/// The nearest border between characters at or before an offset.
fn border(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
