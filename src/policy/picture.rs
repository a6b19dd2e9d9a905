//! Where a fault stands in a policy file, as text and as a picture with a caret.

use annotate_snippets::{Level as Weight, Renderer};

use super::model::PolicyFile;
use super::source::{Fault, Level, Place};
use crate::picture;

/// `file:line:column`, both from 1, the column in characters.
pub fn place_text(file: &PolicyFile, place: Place) -> String {
    picture::place_text(&file.name, &file.text, place.start)
}

/// [`place_text`] of a place in one of these files.
#[must_use]
pub fn place_of(files: &[PolicyFile], place: Place) -> String {
    files.get(place.file).map_or_else(String::new, |file| place_text(file, place))
}

/// The source line with a caret under the fault, alone.
pub fn snippet(file: &PolicyFile, place: Place) -> String {
    picture::snippet(&file.text, place.start..place.end)
}

/// Message, source line with a caret, and way out.
pub fn full(file: &PolicyFile, fault: &Fault) -> String {
    let weight = if fault.level == Level::Error { Weight::ERROR } else { Weight::WARNING };
    let drawn = picture::drawn(&file.text, fault.place.start..fault.place.end).path(file.name.as_str());
    let picture = weight.primary_title(fault.message.as_str()).element(drawn);
    Renderer::plain().render(&[picture.element(Weight::HELP.message(fault.help.as_str()))])
}
