//! Bands over a running volume: marginal (each band its own share) or by the whole volume.

use crate::money::Exact;
use crate::period::Period;
use crate::policy::{Band, Basis, Tiers, Window};

/// Where a window begins for an earning period; one running volume for each.
#[must_use]
pub fn window_of(window: Window, period: Period) -> i32 {
    match window {
        Window::Lifetime => 0,
        Window::Year => period.year(),
        Window::Period => period.ordinal(),
    }
}

/// The share of the band that a volume (minor units of the tiers' currency) lies in.
#[must_use]
pub fn band_at<'a>(tiers: &'a Tiers, volume: &Exact) -> Option<&'a Band> {
    let reached = tiers.bands.iter().rev().find(|b| *volume >= Exact::from(b.from_minor));
    reached.or_else(|| tiers.bands.first())
}

/// One event among the bands: what the creator gets of its base, and how far the volume moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub creator: Exact,
    pub moved: Exact,
}

/// Shares `base` (event currency) by the bands, from volume `from` on.
///
/// `worth` is how many minor units of the tiers' currency one minor unit of the event currency is; `measure` is the
/// event's basis in event currency. With the basis `earned` the volume grows by what the creator gets. The event that
/// crosses a band divides in the exact ratio of the basis; a negative one walks back.
#[must_use]
pub fn marginal(tiers: &Tiers, from: &Exact, base: &Exact, measure: &Exact, worth: &Exact) -> Step {
    match tiers.basis {
        Basis::Earned => walk(tiers, from, base, worth),
        Basis::Gross | Basis::Net => {
            let moved = measure * worth;
            if moved.is_zero() || base.is_zero() {
                return Step { creator: flat(tiers, from, base), moved };
            }
            if let Some(band) = stays_in(tiers, from, &moved) {
                return Step { creator: base * &band.percent, moved };
            }
            let per = worth.recip().unwrap_or_default();
            let from = from * &per;
            let brings = &whole(tiers, &per, &(&from + measure)) - &whole(tiers, &per, &from);
            let shared = base.checked_div(measure).unwrap_or_default().lowest();
            Step { creator: brings * shared, moved }
        }
    }
}

/// What all of a volume (event currency) would bring, each band its own share: the volume on the way from one to another
/// brings the difference, in whatever direction it moves. `per` is what a minor unit of the tiers' currency is worth.
fn whole(tiers: &Tiers, per: &Exact, volume: &Exact) -> Exact {
    let (edge, mut sum) = (|band: &Band| &Exact::from(band.from_minor) * per, Exact::ZERO);
    for (at, band) in tiers.bands.iter().enumerate() {
        let from = edge(band);
        if at > 0 && *volume <= from {
            break;
        }
        let to = tiers.bands.get(at + 1).map(edge).filter(|next| next < volume);
        sum += &(to.as_ref().unwrap_or(volume) - &from) * &band.percent;
    }
    sum
}

fn flat(tiers: &Tiers, at: &Exact, base: &Exact) -> Exact {
    band_at(tiers, at).map_or_else(Exact::default, |band| base * &band.percent)
}

/// The one band that a volume passes through while it moves on, where it does not leave it: most events cross no edge.
fn stays_in<'a>(tiers: &'a Tiers, from: &Exact, volume: &Exact) -> Option<&'a Band> {
    let (index, band) = band_towards(tiers, from, |_| volume.is_negative())?;
    let to = from + volume;
    let stays = match volume.is_negative() {
        true => index == 0 || to >= Exact::from(band.from_minor),
        false => tiers.bands.get(index + 1).is_none_or(|next| to <= Exact::from(next.from_minor)),
    };
    stays.then_some(band)
}

/// Spends `base` band by band, where the volume (in the tiers' currency) moves by what the creator gets.
fn walk(tiers: &Tiers, from: &Exact, base: &Exact, worth: &Exact) -> Step {
    let (mut at, mut left, mut creator) = (from.clone(), base.clone(), Exact::default());
    while !left.is_zero() {
        let down = |band: &Band| left.is_negative() && !band.percent.is_zero();
        let Some((index, band)) = band_towards(tiers, &at, down) else { break };
        let pace = &band.percent * worth;
        let spent = match edge(tiers, index, &(&left * &pace), &at) {
            Some(edge) => match (&edge - &at).checked_div(&pace) {
                Some(room) if room.abs() < left.abs() => room,
                _ => left.clone(),
            },
            None => left.clone(),
        };
        creator += &(&spent * &band.percent);
        at += &(&spent * &pace);
        left = &left - &spent;
    }
    Step { creator, moved: &at - from }
}

/// The band that the next unit falls in: on an edge, the upper one going up and the lower one going down.
fn band_towards<'a>(tiers: &'a Tiers, at: &Exact, down: impl Fn(&Band) -> bool) -> Option<(usize, &'a Band)> {
    let upward = tiers.bands.iter().rposition(|b| *at >= Exact::from(b.from_minor)).unwrap_or(0);
    let band = &tiers.bands[upward];
    let on_edge = upward > 0 && *at == Exact::from(band.from_minor);
    let index = if on_edge && down(band) { upward - 1 } else { upward };
    tiers.bands.get(index).map(|band| (index, band))
}

/// The edge of a band in the direction of travel; none where the band is open.
fn edge(tiers: &Tiers, index: usize, travel: &Exact, at: &Exact) -> Option<Exact> {
    if travel.is_zero() {
        return None;
    }
    let bound = if travel.is_negative() {
        (index > 0).then(|| tiers.bands[index].from_minor)
    } else {
        tiers.bands.get(index + 1).map(|b| b.from_minor)
    };
    bound.map(Exact::from).filter(|edge| edge != at)
}
