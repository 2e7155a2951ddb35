//! Laws of scores: finite, the right way round, and a function of the rows and the seed alone.

use super::{
    SEED, bits, context, default_of, fit, for_each_detector, new_scores, own_scores, tables,
};
use lanner_detect::{Entry, Kind};
use lanner_frame::{Matrix, Rng};
use lanner_testkit::{Table, median, ranks};

#[test]
fn every_row_has_one_finite_score_and_a_far_row_a_high_one() {
    for table in tables() {
        for_each_detector(|entry| {
            let scores = own_scores(entry, &table);
            assert_eq!(scores.len(), table.x.rows());
            assert!(scores.iter().all(|s| s.is_finite()));
            let (far, middle) = (scores[scores.len() - 1], median(&scores));
            // QMCD glues opposite ends together, so that the far corner lies beside the crowd at the
            // other; so does the reference, and its card says it.
            let wraps_around = entry.card().id == "QMCD";
            // As categories the measurements are all alike: each row has values of its own.
            let all_alike = entry.card().kind == Kind::Categorical && table.copies.len() == 301;
            let found = far > middle || wraps_around || all_alike;
            assert!(found, "the far row has {far}, the median is {middle}");
        });
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_at_any_number_of_threads() {
    for table in tables() {
        let (sample, _) = table.sample();
        for_each_detector(|entry| {
            let at = |threads: usize| {
                let ctx = context(entry, threads, SEED);
                let model = default_of(entry).fit(&sample, &ctx).unwrap_or_else(|e| panic!("{e}"));
                let model = model.as_fitted();
                (bits(model.own_scores()), new_scores(model, &table, &ctx).map(|s| bits(&s)))
            };
            let one = at(1);
            for threads in [2, 8] {
                assert!(at(threads) == one, "other bits at {threads} threads");
            }
        });
    }
}

#[test]
fn permuting_rows_permutes_scores() {
    for table in tables() {
        let order = table.shuffled_order(SEED);
        let permuted = table.ordered(&order);
        for_each_detector(|entry| {
            let (plain, moved) = (own_scores(entry, &table), own_scores(entry, &permuted));
            let back: Vec<f64> = order.iter().map(|&i| plain[i]).collect();
            assert!(bits(&moved) == bits(&back), "a score depends on the order of the rows");
            // The model is the same too, not only what it says of its own rows.
            let ctx = context(entry, 1, SEED);
            let of = |t: &Table| new_scores(fit(entry, t).as_fitted(), &table, &ctx);
            assert!(of(&table).map(|s| bits(&s)) == of(&permuted).map(|s| bits(&s)));
        });
    }
}

#[test]
fn merging_equal_rows_changes_no_score() {
    let [codes, _] = tables();
    // Every second copy written out, so that merged, partly merged and single rows meet.
    let mut halved = codes.written_out();
    halved.copies = (0..halved.x.rows() as u64).map(|i| 1 + i % 2).collect();
    for (merged, written) in [(codes.clone(), codes.written_out()), (merge(&halved), halved)] {
        for_each_detector(|entry| {
            let (a, b) = (fit(entry, &merged), fit(entry, &written));
            assert!(bits(a.as_fitted().own_scores()) == bits(b.as_fitted().own_scores()));
        });
    }
}

/// The table of a table's distinct rows.
fn merge(table: &Table) -> Table {
    let (sample, _) = table.sample();
    Table { x: sample.x().clone(), copies: sample.copies().to_vec() }
}

/// Copies are not ignored: they change scores, and a row that fills most of the table is not found
/// odder than when it was there once. (That they count exactly as the reference counts repeated rows
/// is the oracle suite's business.)
#[test]
fn copies_count() {
    let clouds = Table::clouds(SEED, 120, 5);
    let codes = Table::codes(SEED, 120, 5);
    for_each_detector(|entry| {
        let table = if entry.card().kind == Kind::Categorical { &codes } else { &clouds };
        let (once, often) = (table.and_row(9.0, 1), table.and_row(9.0, 400));
        let (one, many) = (own_scores(entry, &once), own_scores(entry, &often));
        assert!(bits(&one) != bits(&many), "copies change nothing");
        let last = one.len() - 1;
        let (before, after) = (ranks(&one)[last], ranks(&many)[last]);
        assert!(after <= before, "400 copies raised the rank of a row from {before} to {after}");
    });
}

#[test]
fn rows_scored_together_alone_or_twice_score_the_same() {
    for table in tables() {
        let order = table.shuffled_order(SEED);
        for_each_detector(|entry| {
            let model = fit(entry, &table);
            let model = model.as_fitted();
            let Some(scorer) = model.scorer() else { return };
            let ctx = context(entry, 2, SEED);
            let together = scorer.score_all(&table.x, &ctx).unwrap();
            let alone: Vec<f64> = table.x.iter_rows().map(|row| scorer.score(row)).collect();
            assert!(bits(&together) == bits(&alone), "a row's score depends on its batch");
            assert!(bits(&together) == bits(&scorer.score_all(&table.x, &ctx).unwrap()));
            let moved = scorer.score_all(&table.ordered(&order).x, &ctx).unwrap();
            let back: Vec<f64> = order.iter().map(|&i| together[i]).collect();
            assert!(bits(&moved) == bits(&back), "a score depends on the order of the batch");
        });
    }
}

#[test]
fn shares_add_up_to_the_score() {
    for table in tables() {
        for_each_detector(|entry| {
            let model = fit(entry, &table);
            let Some(scorer) = model.as_fitted().scorer() else { return };
            let mut shares = vec![f64::NAN; table.x.columns()];
            for row in table.x.iter_rows() {
                if !scorer.shares(row, &mut shares) {
                    assert!(shares.iter().all(|s| s.is_nan()), "no shares, but touched");
                    return;
                }
                let (sum, score) = (shares.iter().sum::<f64>(), scorer.score(row));
                assert!(same(sum, score), "{sum} for {score}");
                shares.fill(f64::NAN);
            }
        });
    }
}

/// Own shares of all rows of the table, in its order; `None` where the model has none.
fn own_shares(entry: &dyn Entry, table: &Table) -> Option<Vec<Vec<f64>>> {
    let (model, places) = (fit(entry, table), table.sample().1);
    let split = |(row, &i): (&[f64], &u32)| {
        let mut shares = vec![f64::NAN; row.len()];
        let has = model.as_fitted().own_shares(i as usize, row, &mut shares);
        assert!(has || shares.iter().all(|s| s.is_nan()), "no shares, but touched");
        has.then_some(shares)
    };
    table.x.iter_rows().zip(&places).map(split).collect()
}

/// Says whether two sums are equal but for rounding.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

#[test]
fn own_shares_add_up_to_the_own_score() {
    for table in tables() {
        for_each_detector(|entry| {
            let Some(shares) = own_shares(entry, &table) else { return };
            for (shares, score) in shares.iter().zip(own_scores(entry, &table)) {
                let sum = shares.iter().sum::<f64>();
                assert!(same(sum, score), "{sum} for {score}");
            }
        });
    }
}

#[test]
fn these_scores_have_shares() {
    let [codes, _] = tables();
    for_each_detector(|entry| {
        let sums = [
            "KNN",
            "AvKNN",
            "COPOD",
            "ECOD",
            "HBOS",
            "LODA",
            "MSurprise",
            "PSurprise",
            "CBRW",
            "SPAD",
        ];
        let sums = sums.contains(&entry.card().id);
        assert_eq!(own_shares(entry, &codes).is_some(), sums);
    });
}

/// Not LODA, which draws its directions column by column.
#[test]
fn permuting_features_permutes_shares() {
    for table in tables() {
        let order: Vec<usize> = (0..table.x.columns()).rev().collect();
        let turn = |row: &[f64]| order.iter().map(|&j| row[j]).collect::<Vec<f64>>();
        let rows: Vec<Vec<f64>> = table.x.iter_rows().map(turn).collect();
        let turned = Table { x: Matrix::from_rows(&rows), copies: table.copies.clone() };
        for_each_detector(|entry| {
            if entry.card().id == "LODA" {
                return;
            }
            let Some(plain) = own_shares(entry, &table) else { return };
            let moved = own_shares(entry, &turned).expect("the order of features is no matter");
            for (plain, moved) in plain.iter().zip(moved) {
                let pairs = turn(plain).into_iter().zip(moved);
                assert!(pairs.clone().all(|(a, b)| same(a, b)), "{:?}", pairs.collect::<Vec<_>>());
            }
        });
    }
}

/// Streams are drawn from the seed: a seeded detector follows it, another ignores it.
#[test]
fn only_seeded_detectors_follow_the_seed() {
    let [_, clouds] = tables();
    let (sample, _) = clouds.sample();
    for_each_detector(|entry| {
        let with = |seed: u64| {
            let model = default_of(entry).fit(&sample, &context(entry, 1, seed));
            bits(model.unwrap_or_else(|e| panic!("{e}")).as_fitted().own_scores())
        };
        if entry.card().randomness == lanner_detect::Randomness::None {
            assert!(with(1) == with(2), "unseeded, but the seed changes scores");
        }
    });
}

/// Tables of category codes, one of more columns than can all be paired.
fn code_tables() -> [Table; 2] {
    [Table::codes(SEED, 250, 5), Table::codes(SEED, 150, 11)]
}

/// The table with the values of each column renamed one to one, in an order of their own.
fn renamed(table: &Table) -> Table {
    let mut x = table.x.as_slice().to_vec();
    for j in 0..table.x.columns() {
        let mut names: Vec<f64> = (0..40).map(|k| 1e6 - 2.5 * f64::from(k)).collect();
        Rng::new(SEED, j as u64).shuffle(&mut names);
        for value in x.iter_mut().skip(j).step_by(table.x.columns()) {
            *value = names[*value as usize];
        }
    }
    Table { x: Matrix::new(x, table.x.rows(), table.x.columns()), copies: table.copies.clone() }
}

/// What a category is called is no matter to a detector that says so, to the last bit: not for the rows
/// fitted on, not for new ones, some of them unseen.
#[test]
fn renaming_categories_changes_no_bit() {
    for table in code_tables() {
        let some: Vec<usize> = (0..table.x.rows()).step_by(2).collect();
        let seen = table.ordered(&some);
        let (seen_too, all_too) = (renamed(&seen), renamed(&table));
        for_each_detector(|entry| {
            if entry.card().kind != Kind::Categorical {
                return;
            }
            let ctx = context(entry, 1, SEED);
            let (plain, other) = (fit(entry, &seen), fit(entry, &seen_too));
            let news =
                |m: &dyn lanner_detect::Fitted, t: &Table| new_scores(m, t, &ctx).map(|s| bits(&s));
            assert!(bits(&own_scores(entry, &seen)) == bits(&own_scores(entry, &seen_too)));
            let (plain, other) = (plain.as_fitted(), other.as_fitted());
            assert!(news(plain, &table) == news(other, &all_too), "new rows score otherwise");
        });
    }
}

/// Such detectors find the row whose values nobody else has odd, wherever its codes lie among the others.
#[test]
fn a_row_of_rare_values_is_odd_wherever_its_codes_lie() {
    for table in code_tables() {
        let table = renamed(&table.and_row(35.0, 1));
        for_each_detector(|entry| {
            if entry.card().kind == Kind::Categorical {
                let scores = own_scores(entry, &table);
                let (rare, middle) = (scores[scores.len() - 1], median(&scores));
                assert!(rare > middle, "the rare row has {rare}, the median is {middle}");
            }
        });
    }
}
