//! The neighbour graph against the slow way, bit for bit.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lanner_frame::{Cancel, Ctx, Matrix, Rng, Sample, Workers};
use lanner_kernels::neighbours::{Graph, Index, Metric, Place, Search, Step};
use lanner_testkit::nearest::{nearest, nearest_by};
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

/// Checks the Euclidean graph made for `made` places at several k, and searches for new rows.
fn check(x: &Sample, made: u64, asked: &[u64]) {
    check_in(Metric::Euclidean, x, made, asked);
}

/// The slow way in a metric that is no cosine.
fn nearest_in(
    metric: Metric,
    x: &Sample,
    row: &[f64],
    own: Option<usize>,
    k: u64,
) -> Vec<(f64, usize, u64)> {
    let gaps = |a: &[f64], b: &[f64]| -> Vec<f64> {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).collect()
    };
    match metric {
        Metric::Manhattan => {
            nearest_by(|a, b| gaps(a, b).iter().fold(0.0, |sum, g| sum + g), x, row, own, k)
        }
        Metric::Chebyshev => {
            nearest_by(|a, b| gaps(a, b).into_iter().fold(0.0, f64::max), x, row, own, k)
        }
        Metric::Minkowski(p) => {
            let power = |g: f64| if p == 3.0 { g * g * g } else { g.powf(p) };
            let powers =
                |a: &[f64], b: &[f64]| gaps(a, b).iter().fold(0.0, |sum, &g| sum + power(g));
            let mut found = nearest_by(powers, x, row, own, k);
            for f in &mut found {
                f.0 = f.0.powf(p.recip());
            }
            found
        }
        _ => nearest(x, row, own, k),
    }
}

/// Checks the graph made for `made` places at several k, and searches for new rows.
fn check_in(metric: Metric, x: &Sample, made: u64, asked: &[u64]) {
    let nearest = |x: &Sample, row: &[f64], own, k| nearest_in(metric, x, row, own, k);
    let ctx = Ctx::new(Workers::new(2).unwrap(), Cancel::default(), 1);
    let graph = Graph::new(Index::with_metric(x, metric), made, &ctx).unwrap();
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
fn other_metrics_agree_with_the_slow_way() {
    let metrics = [1.0, f64::INFINITY, 3.0, 1.5, 7.25].map(|p| Metric::minkowski(p).unwrap());
    for metric in metrics {
        for d in [1, 2, 4, 9, 30] {
            check_in(metric, &sample(150, d, 2, Rng::normal), 12, &[1, 5, 12]);
        }
        // Enough rows for several blocks, in few and in many columns.
        check_in(metric, &sample(600, 3, 1, Rng::normal), 9, &[2, 9, 20]);
        check_in(metric, &sample(1030, 16, 2, Rng::normal), 9, &[2, 9, 20]);
        check_in(metric, &sample(600, 4, 3, |rng| rng.below(5) as f64), 20, &[1, 20]);
        check_in(metric, &sample(400, 3, 1, |rng| 1e300 * rng.normal()), 5, &[5]);
        check_in(metric, &sample(400, 3, 1, |rng| 1e-160 * rng.normal()), 5, &[5]);
    }
}

/// 1 - cos of two rows, 1 where one is zeros.
fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let length = (dot(a, a) * dot(b, b)).sqrt();
    if length > 0.0 { 1.0 - dot(a, b) / length } else { 1.0 }
}

#[test]
fn cosines_are_those_of_the_slow_way() {
    // In few columns the tree answers, in many the products; the last row is all zeros.
    for (n, d) in [(300, 1), (300, 4), (1100, 24)] {
        let random = sample(n, d, 3, |rng| rng.below(5) as f64 - 1.0 + rng.uniform());
        let rows: Vec<Vec<f64>> = random.x().iter_rows().map(<[f64]>::to_vec).collect();
        let rows = [rows, vec![vec![0.0; d]]].concat();
        let copies = [random.copies(), &[3]].concat();
        let x = Sample::collapse(&Matrix::from_rows(&rows), &copies).unwrap().0;
        let ctx = Ctx::new(Workers::new(2).unwrap(), Cancel::default(), 1);
        let graph = Graph::new(Index::with_metric(&x, Metric::Cosine), 9, &ctx).unwrap();
        let sum = |steps: &[Step]| steps.iter().map(|s| s.distance * s.places as f64).sum::<f64>();
        let sums = graph.map_steps(9, &ctx, sum).unwrap();
        let (mut search, mut steps) = (Search::default(), vec![]);
        for (i, ours) in sums.into_iter().enumerate() {
            let row = x.row(i);
            let slow = |own| {
                let of = |a: &[f64], b: &[f64]| {
                    if a == b && a.iter().any(|v| *v != 0.0) { 0.0 } else { cosine(a, b) }
                };
                let all = nearest_by(of, &x, row, own, 9);
                let places = all.iter().flat_map(|f| std::iter::repeat_n(f.0, f.2 as usize));
                places.take(9).sum::<f64>()
            };
            assert!((ours - slow(Some(i))).abs() < 1e-13, "{ours} {}", slow(Some(i)));
            graph.index().steps(row, 9, &mut search, &mut steps);
            assert!((sum(&steps) - slow(None)).abs() < 1e-13);
        }
    }
}

/// The zeros are at distance 1 from everything, so all 9 + 2 others share their 8 places. Rows on one
/// ray are at distance 0 exactly, however long, and opposite ones at 2.
#[test]
fn a_row_of_zeros_has_distance_one_from_all_and_length_does_not_matter() {
    let rows = Matrix::from_rows(&[[0.0, 0.0], [1.0, 3.0], [7e250, 21e250], [-1e-9, -3e-9]]);
    let x = Sample::collapse(&rows, &[3, 4, 4, 1]).unwrap().0;
    let ctx = Ctx::small(1);
    let graph = Graph::new(Index::with_metric(&x, Metric::Cosine), 8, &ctx).unwrap();
    let number = |i: usize, places: &[Place]| {
        let far = |d: f64| {
            let there = places.iter().filter(|p| (p.distance - d).abs() < 4.0 * f64::EPSILON);
            there.map(|p| p.share).sum::<f64>()
        };
        let length = x.row(i)[0];
        let near = places.iter().filter(|p| p.distance == 0.0).map(|p| p.share).sum();
        let found = [far(1.0), near, far(2.0)];
        let want = if length == 0.0 {
            [8.0, 0.0, 0.0]
        } else if length < 0.0 {
            [3.0, 0.0, 5.0]
        } else {
            [1.0, 7.0, 0.0]
        };
        found.iter().zip(want).map(|(a, b)| (a - b).abs()).sum()
    };
    let off: Vec<f64> = graph.map_places(8, &ctx, number).unwrap();
    assert!(off.iter().all(|off| *off < 1e-12));
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
fn another_metric_has_its_own_graph_and_leaves_the_euclidean_one_as_it_is() {
    let ctx = Ctx::small(1).expecting_neighbours(7);
    let x = sample(200, 2, 1, Rng::normal);
    let made = |metric, k| Graph::shared_with(&x, metric, k, &ctx).unwrap();
    let manhattan = made(Metric::Manhattan, 20);
    assert!(std::sync::Arc::ptr_eq(&manhattan, &made(Metric::minkowski(1.0).unwrap(), 20)));
    assert_eq!(manhattan.index().metric(), Metric::Manhattan);
    let euclidean = made(Metric::Euclidean, 3);
    assert!(std::sync::Arc::ptr_eq(&euclidean, &Graph::shared(&x, 7, &ctx).unwrap()));
    assert_eq!(made(Metric::Minkowski(3.0), 2).index().metric(), Metric::Minkowski(3.0));
}

#[test]
fn an_index_survives_a_file_and_damaged_ones_are_refused() {
    let x = sample(300, 4, 3, Rng::normal);
    for metric in [Metric::Euclidean, Metric::Chebyshev, Metric::Minkowski(3.0), Metric::Cosine] {
        let made = Index::with_metric(&x, metric);
        let bytes = postcard::to_stdvec(&made).unwrap();
        let read: Index = postcard::from_bytes(&bytes).unwrap();
        assert_eq!((read.metric(), read.columns()), (metric, 4));
        let (mut search, mut a, mut b) = (Search::default(), vec![], vec![]);
        read.places(&[0.1; 4], 9, &mut search, &mut a);
        made.places(&[0.1; 4], 9, &mut search, &mut b);
        assert_eq!(a, b);
    }
    let euclidean = Metric::Euclidean;
    let damaged: [(Metric, usize, Vec<f64>, Vec<u64>); 8] = [
        (euclidean, 0, vec![], vec![1]),
        (euclidean, 2, vec![1.0; 3], vec![1, 1]),
        (euclidean, 1, vec![f64::NAN], vec![1]),
        (euclidean, 1, vec![1.0], vec![0]),
        (euclidean, 1, vec![], vec![]),
        (Metric::Cosine, 1, vec![1.0], vec![1]),
        (Metric::Minkowski(0.5), 1, vec![1.0], vec![1]),
        (Metric::Minkowski(f64::NAN), 1, vec![1.0], vec![1]),
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
