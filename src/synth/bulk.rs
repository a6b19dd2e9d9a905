//! Makes a book: the small files first, then every delivered file, in parallel.

use std::path::Path;

use rayon::prelude::*;

use super::deliver::{Making, jobs, write};
use super::draw::Zipf;
use super::planted::Planted;
use super::recipe::Recipe;
use super::refs::People;
use super::{book, refs};
use crate::error::Result;

/// Makes a whole book in `dir`, a new or empty folder, and says what was planted; `progress` is told of rows written.
/// The same recipe gives the same bytes, on any number of threads.
///
/// # Errors
/// The recipe is out of range (usage), or the disk refuses (resources).
pub fn make(recipe: &Recipe, dir: &Path, progress: &(dyn Fn(u64) + Sync)) -> Result<Planted> {
    recipe.check()?;
    std::fs::create_dir_all(dir)?;
    for log in recipe.logs() {
        std::fs::create_dir_all(dir.join("logs").join(log.name()))?;
    }
    let people = People::new(recipe);
    refs::write(recipe, &people, dir)?;
    let zipf = Zipf::new(recipe.creators);
    let making = Making { recipe, zipf: &zipf, people: &people, book: dir };
    let counted: Vec<Result<Planted>> = jobs(recipe)
        .into_par_iter()
        .map(|job| {
            let planted = write(&making, job)?;
            progress(planted.rows());
            Ok(planted)
        })
        .collect();
    let mut planted = Planted::default();
    for part in counted {
        planted.absorb(part?);
    }
    book::write(recipe, &planted, dir)?;
    Ok(planted)
}
