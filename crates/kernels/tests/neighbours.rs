//! The neighbour graph against the slow way, bit for bit.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lanner_frame::{Cancel, Ctx, Matrix, Rng, Sample, Workers};
use lanner_kernels::neighbours::{Graph, Index, Place, Search, Step};
use lanner_testkit::nearest::nearest;
use std::sync::Mutex;

/// Rows of d values, each made by `value`, with 1 to `copies` copies.
fn sample(n: usize, d: usize, copies: u64, mut value: impl FnMut(&mut Rng) -> f64) -> Sample {
    let mut rng = Rng::new(n as u64, d as u64);
    let values = (0..n * d).map(|_| value(&mut rng)).collect();
    let copies: Vec<u64> = (0..n).map(|_| 1 + rng.below(copies)).collect();
    Sample::collapse(&Matrix::new(values, n, d), &copies).unwrap().0
}

/// The steps and places that a list from the slow way, made for k places or more, gives.
fn expected(found: &[(f64, usize, u64)], k: u64) -> (Vec<Step>, Vec<Place>) {
    let (mut steps, mut all): (Vec<Step>, Vec<Place>) = (vec![], vec![]);
    let (mut left, mut filled) = (k, 0);
    let fills = |f: &&(f64, usize, u64)| {
        filled += f.2;
        filled >= k
    };
    let last = found.iter().find(fills).or(found.last()).map_or(0.0, |f| f.0);
    let found: Vec<_> = found.iter().copied().filter(|f| f.0 <= last).collect();
    let shell: u64 = found.iter().filter(|f| f.0 == last).map(|f| f.2).sum();
    let before: u64 = found.iter().filter(|f| f.0 < last).map(|f| f.2).sum();
    let part = if before + shell > k { (k - before) as f64 / shell as f64 } else { 1.0 };
    for (distance, row, copies) in found {
        let share = copies as f64 * if distance == last { part } else { 1.0 };
        all.push(Place { row: row as u32, distance, share });
        let places = copies.min(left);
        left -= places;
        match steps.last_mut() {
            Some(step) if step.distance == distance => step.places += places,
            _ => steps.push(Step { distance, places }),
        }
    }
    (steps, all)
}

/// Checks the graph made for `made` places at several k, and searches for new rows.
fn check(x: &Sample, made: u64, asked: &[u64]) {
    let ctx = Ctx::new(Workers::new(2).unwrap(), Cancel::default(), 1);
    let graph = Graph::new(Index::new(x), made, &ctx).unwrap();
    let most = asked.iter().copied().max().unwrap();
    let found: Vec<_> = (0..x.rows()).map(|i| nearest(x, x.row(i), Some(i), most)).collect();
    for &k in asked {
        let want: Vec<_> = found.iter().map(|found| expected(found, k)).collect();
        let wrong = graph.map_places(k, &ctx, |i, places| f64::from(places != want[i].1)).unwrap();
        assert_eq!(wrong.iter().sum::<f64>(), 0.0, "places, d = {}, k = {k}", x.columns());
        // Steps come without a row number: compare the bits of a number that all of them enter.
        let hash =
            |steps: &[Step]| steps.iter().fold(1.0, |h, s| h * 0.5 + s.distance * s.places as f64);
        let steps = graph.map_steps(k, &ctx, hash).unwrap();
        let want_steps: Vec<f64> = want.iter().map(|w| hash(&w.0)).collect();
        assert_eq!(steps, want_steps, "steps, d = {}, k = {k}", x.columns());
        let (mut search, mut steps, mut places) = (Search::default(), vec![], vec![]);
        for i in (0..x.rows()).step_by(97) {
            let mut row = x.row(i).to_vec();
            row[0] += (i % 2) as f64;
            let want = expected(&nearest(x, &row, None, k), k);
            graph.index().steps(&row, k, &mut search, &mut steps);
            graph.index().places(&row, k, &mut search, &mut places);
            assert_eq!((&steps, &places), (&want.0, &want.1), "new row, k = {k}");
        }
    }
}

#[test]
fn random_rows_of_any_width_agree_with_the_slow_way() {
    for d in 1..=30 {
        check(&sample(150, d, 1, Rng::normal), 12, &[1, 5, 12]);
    }
    // Enough rows that the products take over from some width on.
    for d in [2, 6, 15, 30] {
        check(&sample(1100, d, 1, Rng::normal), 12, &[1, 5, 12]);
    }
}

#[test]
fn copies_fill_places() {
    check(&sample(400, 3, 4, Rng::normal), 9, &[1, 2, 9, 20]);
    check(&sample(1100, 25, 4, Rng::normal), 9, &[1, 2, 9, 20]);
}

#[test]
fn lattices_with_huge_shells_agree_with_the_slow_way() {
    check(&sample(1200, 2, 3, |rng| rng.below(40) as f64), 6, &[1, 3, 6]);
    check(&sample(1100, 5, 3, |rng| rng.below(4) as f64), 35, &[1, 5, 35]);
    check(&sample(1050, 16, 2, |rng| rng.below(2) as f64), 5, &[5, 9]);
    check(&sample(1050, 40, 1, |rng| f64::from(rng.below(30) == 0)), 5, &[2, 5]);
}

#[test]
fn equal_and_enormous_coordinates_agree_with_the_slow_way() {
    let mut turn = 0;
    let mostly_equal = |rng: &mut Rng| {
        turn += 1;
        if turn % 3 == 0 { rng.normal() } else { 7.0 }
    };
    check(&sample(1000, 3, 1, mostly_equal), 5, &[5]);
    check(&sample(1030, 20, 1, |rng| 1e9 + rng.uniform()), 5, &[5]);
    check(&sample(1030, 20, 1, |rng| 1e300 * rng.normal()), 5, &[5]);
    check(&sample(1030, 20, 1, |rng| 1e-300 * rng.normal()), 5, &[5]);
    check(&sample(1030, 20, 1, |rng| 1e-160 * rng.normal()), 5, &[5]);
}

#[test]
fn few_rows_fill_what_they_can() {
    for n in [1, 2, 5, 33] {
        check(&sample(n, 2, 1, Rng::normal), 40, &[1, 3, 40, 1000]);
    }
}

#[test]
fn one_graph_serves_a_run_and_greater_wishes_get_their_own() {
    let ctx = Ctx::small(1).expecting_neighbours(7);
    let x = sample(200, 2, 1, Rng::normal);
    let made = |k| Graph::shared(&x, k, &ctx).unwrap();
    assert!(std::sync::Arc::ptr_eq(&made(3), &made(7)));
    assert!(!std::sync::Arc::ptr_eq(&made(3), &made(8)));
    let count = Mutex::new(vec![]);
    made(8)
        .map_places(8, &ctx, |_, places| {
            count.lock().unwrap().push(places.len());
            0.0
        })
        .unwrap();
    assert_eq!(count.into_inner().unwrap(), [8; 200]);
}

#[test]
fn an_index_survives_a_file_and_damaged_ones_are_refused() {
    let x = sample(300, 4, 3, Rng::normal);
    let bytes = postcard::to_stdvec(&Index::new(&x)).unwrap();
    let read: Index = postcard::from_bytes(&bytes).unwrap();
    let (mut search, mut a, mut b) = (Search::default(), vec![], vec![]);
    read.places(&[0.1; 4], 9, &mut search, &mut a);
    Index::new(&x).places(&[0.1; 4], 9, &mut search, &mut b);
    assert_eq!(a, b);
    let damaged: [(usize, Vec<f64>, Vec<u64>); 5] = [
        (0, vec![], vec![1]),
        (2, vec![1.0; 3], vec![1, 1]),
        (1, vec![f64::NAN], vec![1]),
        (1, vec![1.0], vec![0]),
        (1, vec![], vec![]),
    ];
    for rows in damaged {
        let bytes = postcard::to_stdvec(&rows).unwrap();
        assert!(postcard::from_bytes::<Index>(&bytes).is_err(), "{rows:?}");
    }
}

#[test]
fn a_cancelled_run_makes_no_graph() {
    let cancel = Cancel::default();
    let ctx = Ctx::new(Workers::new(1).unwrap(), cancel.clone(), 1);
    cancel.raise();
    assert!(Graph::new(Index::new(&sample(50, 2, 1, Rng::normal)), 3, &ctx).is_err());
}
