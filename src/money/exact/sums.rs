//! Sums and products of exact numbers: the short way for what almost all are, then 128 bits, then as long as it takes.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use super::{Exact, Form, SHORT, as_it_came, demoted, formed, gcd, gcd_wide, reduced};

impl Exact {
    #[inline]
    fn sum_with(&self, other: &Self) -> Self {
        if let (Form::Small(n1, d1), Form::Small(n2, d2)) = (&self.0, &other.0) {
            // Over one denominator, or of an integer and a fraction: what almost every sum is.
            let sum = match (*d1, *d2) {
                (d1, d2) if d1 == d2 => n1.checked_add(*n2),
                (d1, 1) => n2.checked_mul(d1).and_then(|n2| n1.checked_add(n2)),
                (1, d2) => n1.checked_mul(d2).and_then(|n1| n1.checked_add(*n2)),
                _ => None,
            };
            return match sum {
                Some(sum) => as_it_came(sum, *d1.max(d2)).unwrap_or_else(|| add_small((*n1, *d1), (*n2, *d2))),
                None => add_small((*n1, *d1), (*n2, *d2)),
            };
        }
        self.sum_beyond(other)
    }

    #[cold]
    fn sum_beyond(&self, other: &Self) -> Self {
        let wide = self.wide().zip(other.wide()).and_then(|(a, b)| add_wide(a, b));
        wide.unwrap_or_else(|| demoted(self.to_big() + other.to_big()))
    }

    #[inline]
    fn product_with(&self, other: &Self) -> Self {
        if let (Form::Small(n1, d1), Form::Small(n2, d2)) = (&self.0, &other.0) {
            let product = n1.checked_mul(*n2).zip(d1.checked_mul(*d2)).and_then(|(n, d)| as_it_came(n, d));
            return product.unwrap_or_else(|| multiply_small((*n1, *d1), (*n2, *d2)));
        }
        self.product_beyond(other)
    }

    #[cold]
    fn product_beyond(&self, other: &Self) -> Self {
        let wide = self.wide().zip(other.wide()).and_then(|(a, b)| multiply_wide(a, b));
        wide.unwrap_or_else(|| demoted(self.to_big() * other.to_big()))
    }
}

/// A sum or product of small numbers as it came out, where the denominator is short; reduced beyond.
#[inline(never)]
fn kept(n: i128, d: i128) -> Exact {
    match (i64::try_from(n), i64::try_from(d)) {
        (Ok(0), _) => Exact::ZERO,
        (Ok(n), Ok(d)) if d <= SHORT && n != i64::MIN => Exact(Form::Small(n, d)),
        _ => reduced(n, d).unwrap_or_default(),
    }
}

/// Over the least common multiple of the denominators. Each product of two `i64` has a magnitude of at most 2^126, so
/// that no sum of two overflows.
fn add_small((n1, d1): (i64, i64), (n2, d2): (i64, i64)) -> Exact {
    if n1 == 0 || n2 == 0 {
        return Exact(if n1 == 0 { Form::Small(n2, d2) } else { Form::Small(n1, d1) });
    }
    if d1 == d2 {
        return kept(i128::from(n1) + i128::from(n2), d1.into());
    }
    let g = gcd(d1, d2);
    let (e1, e2) = (d1 / g, d2 / g);
    let sum = i128::from(n1) * i128::from(e2) + i128::from(n2) * i128::from(e1);
    kept(sum, i128::from(d1) * i128::from(e2))
}

/// Numerators and denominators; none of two `i64` overflows.
fn multiply_small((n1, d1): (i64, i64), (n2, d2): (i64, i64)) -> Exact {
    kept(i128::from(n1) * i128::from(n2), i128::from(d1) * i128::from(d2))
}

/// Knuth 4.5.1: with g = gcd(d1, d2), t = n1 (d2 / g) + n2 (d1 / g); only gcd(t, g) is left to take out. `None` where it
/// overflows.
fn add_wide((n1, d1): (i128, i128), (n2, d2): (i128, i128)) -> Option<Exact> {
    if d1 == d2 {
        return reduced(n1.checked_add(n2)?, d1);
    }
    let g = gcd_wide(d1, d2);
    let sum = n1.checked_mul(d2 / g)?.checked_add(n2.checked_mul(d1 / g)?)?;
    let rest = gcd_wide(sum, g);
    let denominator = (d1 / g).checked_mul(d2 / rest)?;
    formed(sum / rest, denominator)
}

/// Knuth 4.5.1: taking out gcd(n1, d2) and gcd(n2, d1) leaves a reduced product. `None` where it overflows.
fn multiply_wide((n1, d1): (i128, i128), (n2, d2): (i128, i128)) -> Option<Exact> {
    let (a, b) = (gcd_wide(n1, d2), gcd_wide(n2, d1));
    formed((n1 / a).checked_mul(n2 / b)?, (d1 / b).checked_mul(d2 / a)?)
}

impl Neg for &Exact {
    type Output = Exact;
    #[inline]
    fn neg(self) -> Exact {
        match &self.0 {
            Form::Small(n, d) => Exact(Form::Small(-n, *d)),
            Form::Wide(wide) => Exact(Form::Wide(Box::new((-wide.0, wide.1)))),
            Form::Big(r) => demoted(-r.as_ref()),
        }
    }
}

impl Neg for Exact {
    type Output = Self;
    fn neg(self) -> Self {
        -&self
    }
}

/// An operator by reference and by value, all from one function of two references.
macro_rules! operator {
    ($trait:ident, $method:ident, $function:expr) => {
        impl $trait<&Exact> for &Exact {
            type Output = Exact;
            #[inline]
            fn $method(self, other: &Exact) -> Exact {
                $function(self, other)
            }
        }
        impl $trait<Exact> for &Exact {
            type Output = Exact;
            #[inline]
            fn $method(self, other: Exact) -> Exact {
                $function(self, &other)
            }
        }
        impl $trait<&Exact> for Exact {
            type Output = Exact;
            #[inline]
            fn $method(self, other: &Exact) -> Exact {
                $function(&self, other)
            }
        }
        impl $trait<Exact> for Exact {
            type Output = Exact;
            #[inline]
            fn $method(self, other: Exact) -> Exact {
                $function(&self, &other)
            }
        }
    };
}

operator!(Add, add, Exact::sum_with);
operator!(Sub, sub, |a: &Exact, b: &Exact| a.sum_with(&-b));
operator!(Mul, mul, Exact::product_with);

impl AddAssign<&Exact> for Exact {
    #[inline]
    fn add_assign(&mut self, other: &Exact) {
        if let (Form::Small(n1, d1), Form::Small(n2, d2)) = (&mut self.0, &other.0) {
            if *n2 == 0 {
                return;
            }
            // In place, where the sum is not 0: its denominator would be another.
            if d1 == d2
                && let Some(sum) = n1.checked_add(*n2).filter(|sum| *sum != 0 && *sum != i64::MIN)
            {
                *n1 = sum;
                return;
            }
        }
        *self = self.sum_with(other);
    }
}

impl AddAssign<Exact> for Exact {
    #[inline]
    fn add_assign(&mut self, other: Exact) {
        *self += &other;
    }
}

impl SubAssign<&Exact> for Exact {
    #[inline]
    fn sub_assign(&mut self, other: &Exact) {
        *self += &-other;
    }
}

impl Sum for Exact {
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self::ZERO, |sum, value| sum + value)
    }
}

impl<'a> Sum<&'a Exact> for Exact {
    fn sum<I: Iterator<Item = &'a Exact>>(values: I) -> Self {
        values.fold(Self::ZERO, |sum, value| sum + value)
    }
}
