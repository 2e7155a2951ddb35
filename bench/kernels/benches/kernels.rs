//! The kernels that take the time.

use criterion::{Criterion, criterion_group, criterion_main};
use lanner_frame::{Cancel, Ctx, Rng, Workers};
use lanner_kernel_benches::clouds;
use lanner_kernels::ecdf::Ecdf;
use lanner_kernels::isolation::Tree;
use lanner_kernels::kmeans::kmeans;
use lanner_kernels::neighbours::{Graph, Index};
use lanner_kernels::quantile::percentile;
use std::hint::black_box;
use std::time::Duration;

fn run() -> Ctx {
    Ctx::new(Workers::new(0).expect("threads start"), Cancel::default(), 42)
}

fn kernels(c: &mut Criterion) {
    let mut group = c.benchmark_group("kernels");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for (n, d, k) in [(20_000, 5, 5), (20_000, 5, 35), (5000, 50, 35)] {
        let sample = clouds(n, d);
        group.bench_function(format!("neighbours {n} x {d}, k {k}"), |b| {
            b.iter(|| Graph::new(Index::new(&sample), k, &run()).expect("not cancelled"));
        });
    }
    let sample = clouds(100_000, 5);
    let column = sample.x().column(0);
    group.bench_function("ecdf 100,000", |b| {
        b.iter(|| Ecdf::ranked(black_box(&column), sample.copies()));
    });
    group.bench_function("percentile 100,000", |b| {
        b.iter(|| percentile(black_box(&column), sample.copies(), 99.9));
    });
    group.bench_function("k-means 8 of 100,000 x 5", |b| {
        b.iter(|| kmeans(&sample, 8, &mut Rng::new(1, 0), &run()).expect("not cancelled"));
    });
    group.bench_function("isolation tree of 256 x 5", |b| {
        b.iter(|| Tree::grow(sample.x(), (0..256).collect(), 5, &mut Rng::new(1, 0)));
    });
    group.finish();
}

criterion_group!(benches, kernels);
criterion_main!(benches);
