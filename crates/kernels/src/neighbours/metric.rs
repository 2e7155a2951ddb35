//! The Euclidean metric, in the form that the searches work with.
//!
//! A *reduced* distance orders pairs as the distance does and is cheaper. It is built one column at a
//! time, always from the first column on. [`add`] must never fall when the size of `gap` grows: then the
//! reduced distance to a box, summed the same way, never exceeds that to a row in it, rounding included.

/// The reduced distance grown by one column in which the two rows are `gap` apart.
#[inline]
pub(super) fn add(reduced: f64, gap: f64) -> f64 {
    reduced + gap * gap
}

/// The distance of a reduced one.
#[inline]
pub(super) fn distance(reduced: f64) -> f64 {
    reduced.sqrt()
}
