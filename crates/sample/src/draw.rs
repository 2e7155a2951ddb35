//! Draws that the parts of the sample share.

use crate::catalogue::lines;
use lanner_frame::Rng;

/// One of a list, each as likely.
pub(crate) fn pick<'a, T>(rng: &mut Rng, list: &'a [T]) -> &'a T {
    &list[rng.below(list.len() as u64) as usize]
}

/// True with a chance of `share`.
pub(crate) fn chance(rng: &mut Rng, share: f64) -> bool {
    rng.uniform() < share
}

/// A whole number in `low..=high`.
pub(crate) fn whole(rng: &mut Rng, low: u64, high: u64) -> u64 {
    low + rng.below(high - low + 1)
}

/// A log-normal number with median 1.
pub(crate) fn around_one(rng: &mut Rng, sigma: f64) -> f64 {
    (rng.normal() * sigma).exp()
}

/// An index below `len`, the first ones more likely: about as 1 / (1 + index).
pub(crate) fn early(rng: &mut Rng, len: usize) -> usize {
    // The inverse of the integral of 1 / (1 + x) from 0 to len.
    let x = ((len as f64 + 1.0).ln() * rng.uniform()).exp() - 1.0;
    (x as usize).min(len - 1)
}

/// An index drawn by cumulative weights, among those of `from..to`.
pub(crate) fn by_weight(rng: &mut Rng, cumulative: &[f64], from: usize, to: usize) -> usize {
    let low = if from == 0 { 0.0 } else { cumulative[from - 1] };
    let at = rng.between(low, cumulative[to - 1]);
    (from + cumulative[from..to].partition_point(|&c| c <= at)).min(to - 1)
}

/// `count` random hexadecimal digits.
pub(crate) fn hex(rng: &mut Rng, count: usize) -> String {
    (0..count).map(|_| char::from(b"0123456789abcdef"[rng.below(16) as usize])).collect()
}

/// `count` random characters of the identifiers that IAM gives out.
pub(crate) fn key(rng: &mut Rng, prefix: &str, count: usize) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let tail = (0..count).map(|_| char::from(letters[rng.below(32) as usize]));
    prefix.chars().chain(tail).collect()
}

/// A random UUID of version 4.
pub(crate) fn uuid(rng: &mut Rng) -> String {
    let (a, b) = (rng.next_u64(), rng.next_u64());
    let (high, mid, low) = (a >> 32, (a >> 16) & 0xFFFF, a & 0x0FFF);
    let (variant, node) = (((b >> 48) & 0x3FFF) | 0x8000, b & 0xFFFF_FFFF_FFFF);
    format!("{high:08x}-{mid:04x}-4{low:03x}-{variant:04x}-{node:012x}")
}

/// Shares `total` out in proportion to the weights (largest remainders, ties to the first).
pub(crate) fn apportion(total: u64, weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|w| total as f64 * w / sum).collect();
    let mut parts: Vec<u64> = exact.iter().map(|e| e.floor() as u64).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| (exact[b] - exact[b].floor()).total_cmp(&(exact[a] - exact[a].floor())));
    let missing = total - parts.iter().sum::<u64>();
    for &i in order.iter().cycle().take(missing as usize) {
        parts[i] += 1;
    }
    parts
}

/// The words of one list of `data/words.txt`.
pub(crate) fn words(list: &str) -> Vec<&'static str> {
    let found = lines(include_str!("../data/words.txt"))
        .find_map(|line| line.strip_prefix(list)?.strip_prefix(' '));
    found.expect("the list is in words.txt").split(' ').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_sum_to_the_whole_and_follow_the_weights() {
        // 10 · (1, 2, 4)/7 = 1.43, 2.86, 5.71: the two largest remainders get the missing two.
        assert_eq!(apportion(10, &[1.0, 2.0, 4.0]), [1, 3, 6]);
        assert_eq!(apportion(0, &[1.0, 2.0]), [0, 0]);
    }

    #[test]
    fn early_indexes_are_drawn_more_often() {
        let mut rng = Rng::new(3, 0);
        let mut seen = [0u32; 7];
        for _ in 0..10_000 {
            seen[early(&mut rng, 7)] += 1;
        }
        // ln 2 / ln 8 = 1/3 for the first, ln(8/7) / ln 8 = 0.064 for the last.
        assert!((3200..3470).contains(&seen[0]) && (570..720).contains(&seen[6]), "{seen:?}");
    }

    #[test]
    fn a_uuid_has_its_version_and_variant() {
        let id = uuid(&mut Rng::new(1, 1));
        assert_eq!((id.len(), &id[14..15]), (36, "4"));
        assert!("89ab".contains(&id[19..20]), "{id}");
    }
}
