//! A fit of every detector, with its defaults, on 2,000 x 5 and 2,000 x 50 numbers.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lanner_frame::{Cancel, Ctx, Workers};
use lanner_kernel_benches::clouds;
use std::time::Duration;

fn detectors(c: &mut Criterion) {
    for d in [5, 50] {
        let sample = clouds(2000, d);
        let mut group = c.benchmark_group(format!("fit 2000 x {d}"));
        group
            .sample_size(10)
            .measurement_time(Duration::from_secs(2))
            .warm_up_time(Duration::from_millis(300));
        for entry in lanner_detect::ALL {
            let model = entry.configure(&serde_json::Map::new()).expect("defaults are sound");
            let id = entry.card().id;
            let slow = (d == 50 && id == "ROD") || id == "LUNAR";
            if slow {
                continue; // seconds a fit: bench/per_model.py has them
            }
            group.bench_function(BenchmarkId::from_parameter(id), |b| {
                b.iter(|| {
                    // A context of its own, so that no neighbours are left from the fit before.
                    let workers = Workers::new(0).expect("threads start");
                    let ctx = Ctx::new(workers, Cancel::default(), 42)
                        .expecting_neighbours(model.neighbours());
                    model.fit(&sample, &ctx.for_model(id)).expect("fits")
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, detectors);
criterion_main!(benches);
