//! Bands over a running volume: marginal (each band its own share) or by the whole volume.

use smallvec::smallvec;

use super::share::{Portion, Portions};
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

/// The band that a volume (minor units of the tiers' currency) lies in.
#[must_use]
pub fn band_at<'a>(tiers: &'a Tiers, volume: &Exact) -> Option<&'a Band> {
    let reached = tiers.bands.iter().rev().find(|b| *volume >= Exact::from(b.from_minor));
    reached.or_else(|| tiers.bands.first())
}

/// Divides `base` (event currency) among the bands, from volume `from` on.
///
/// `worth` is how many minor units of the tiers' currency one minor unit of the event currency is; `measure` is the
/// event's basis in event currency. With the basis `earned` the volume grows by what the bands pay. The event that
/// crosses a band divides in the exact ratio of the basis; a negative one walks back.
#[must_use]
pub fn marginal(tiers: &Tiers, from: &Exact, base: &Exact, measure: &Exact, worth: &Exact) -> Portions {
    if tiers.basis == Basis::Earned {
        return walk(tiers, from, base, worth);
    }
    let volume = measure * worth;
    let one = if volume.is_zero() || base.is_zero() { band_at(tiers, from) } else { stays_in(tiers, from, &volume) };
    match one {
        Some(band) => smallvec![Portion { base: base.clone(), share: band.percent.clone() }],
        None => crossed(tiers, from, base, measure, worth),
    }
}

/// A base whose volume crosses bands: each has as much of it as of the volume's way.
fn crossed(tiers: &Tiers, from: &Exact, base: &Exact, measure: &Exact, worth: &Exact) -> Portions {
    let per = worth.recip().unwrap_or_default();
    let shared = base.checked_div(measure).unwrap_or_default().lowest();
    let from = from * &per;
    let to = &from + measure;
    let edge = |band: &Band| &Exact::from(band.from_minor) * &per;
    let mut portions = Portions::new();
    for (at, band) in tiers.bands.iter().enumerate() {
        let (low, high) = ((at > 0).then(|| edge(band)), tiers.bands.get(at + 1).map(edge));
        let way = within(&to, low.as_ref(), high.as_ref()) - within(&from, low.as_ref(), high.as_ref());
        if !way.is_zero() {
            portions.push(Portion { base: way * &shared, share: band.percent.clone() });
        }
    }
    portions
}

/// The point of a band that is nearest to a volume; the first band has no lower end, the last no upper one.
fn within<'v>(volume: &'v Exact, low: Option<&'v Exact>, high: Option<&'v Exact>) -> &'v Exact {
    match (low, high) {
        (Some(low), _) if volume < low => low,
        (_, Some(high)) if volume > high => high,
        _ => volume,
    }
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

/// Spends `base` band by band, where the volume (in the tiers' currency) moves by what the band pays.
fn walk(tiers: &Tiers, from: &Exact, base: &Exact, worth: &Exact) -> Portions {
    let (mut at, mut left, mut portions) = (from.clone(), base.clone(), Portions::new());
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
        at += &(&spent * &pace);
        left -= &spent;
        portions.push(Portion { base: spent, share: band.percent.clone() });
    }
    portions
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
