//! What is most surprising about a tuple, read off its features: for tuples that nobody looks at one by one.

use crate::reasons::WORTH_A_WORD;
use crate::{Aspect, Facts, Feature, Scored, words};

/// Columns that are named at most.
const NAMED: usize = 3;

/// The most surprising things about tuple `i`, in words: less than [`crate::Reasons`] say, and without
/// weighing what each one adds to the score.
///
/// # Cost
/// O(d log d) for d features; nothing is counted and no model is asked.
pub fn short(facts: &Facts, scored: &Scored, i: usize) -> String {
    let mut odd: Vec<(f64, &Feature)> = (scored.features.iter().zip(&scored.values))
        .map(|(feature, values)| match feature {
            Feature::Number(k) => (scored.extremes[*k][i], feature),
            _ => (values[i], feature),
        })
        .filter(|(t, _)| *t > 0.0)
        .collect();
    odd.sort_by(|a, b| b.0.total_cmp(&a.0));
    let worth = odd.partition_point(|o| o.0 >= WORTH_A_WORD).max(1).min(odd.len());
    let mut said: Vec<Aspect> = Vec::new();
    let mut texts = Vec::new();
    for (surprise, feature) in &odd[..worth] {
        let aspect = feature.aspect();
        if said.contains(&aspect) || said.len() == NAMED {
            continue;
        }
        said.push(aspect);
        texts.push(text(facts, feature, *surprise, i));
    }
    texts.join("; ")
}

fn text(facts: &Facts, feature: &Feature, surprise: f64, i: usize) -> String {
    let named = |j: usize| {
        let column = &facts.columns[j];
        let value = column.values[column.codes[i] as usize].as_deref();
        (column.role, words::label(column.role, &column.name), value)
    };
    match *feature {
        Feature::Value { of, given } => {
            words::rarest(&named(of), given.map(named).as_ref(), surprise)
        }
        Feature::Span { of, with } => words::brief(&named(with.unwrap_or(of))),
        Feature::Habit => words::odd_hours(),
        Feature::Number(k) => {
            let column = &facts.numbers[k];
            words::extreme(&column.name, column.values[i], surprise)
        }
    }
}
