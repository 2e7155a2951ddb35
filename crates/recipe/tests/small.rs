//! Small accounts: an intruder among harmless newcomers, one hand with two identities; and tables of numbers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lanner_frame::{Cancel, Ctx, Rng, Workers};
use lanner_recipe::{
    Column, Facts, Kind, Number, Reasons, Role, Scored, Settings, Visits, evaluate, score,
};
use std::collections::BTreeMap;

const HOUR: i64 = 3_600_000_000;

/// Principal, network, agent, action (odd ones change something), moment.
type Row = ([u32; 4], i64);

fn facts(rows: &[Row]) -> Facts {
    let mut tuples: BTreeMap<[u32; 4], u64> = BTreeMap::new();
    let mut hours: BTreeMap<([u32; 4], i32), (u64, i64, i64)> = BTreeMap::new();
    for &(values, time) in rows {
        *tuples.entry(values).or_default() += 1;
        let key = (values, time.div_euclid(HOUR) as i32);
        let hour = hours.entry(key).or_insert((0, time, time));
        *hour = (hour.0 + 1, hour.1.min(time), hour.2.max(time));
    }
    let keys: Vec<[u32; 4]> = tuples.keys().copied().collect();
    let roles = [Role::Principal, Role::Network, Role::Agent, Role::Action];
    let column = |(j, role): (usize, Role)| Column {
        name: format!("lanner_{}", role.name()),
        role,
        codes: keys.iter().map(|k| k[j]).collect(),
        values: (0..1000).map(|v| Some(format!("{v}"))).collect(),
    };
    let mut visits = Visits::default();
    for ((values, hour), (n, first, last)) in hours {
        visits.tuple.push(keys.binary_search(&values).unwrap() as u32);
        visits.hour.push(hour);
        visits.rows.push(n);
        visits.first.push(first);
        visits.last.push(last);
    }
    Facts {
        columns: roles.into_iter().enumerate().map(column).collect(),
        numbers: vec![],
        copies: tuples.values().copied().collect(),
        changes: keys.iter().map(|k| k[3] % 2 == 1).collect(),
        visits: Some(visits),
    }
}

fn scored(facts: &Facts) -> Scored {
    let ctx = Ctx::new(Workers::new(2).unwrap(), Cancel::default(), 42);
    score(facts, &Settings::default(), &ctx).unwrap()
}

/// Six steady principals with twenty actions between them, over twenty days.
fn account(rng: &mut Rng) -> Vec<Row> {
    let mut rows = Vec::new();
    for who in 0..6 {
        for day in 0..20 {
            for _ in 0..30 {
                let time = (day * 24 + 8 + rng.below(9) as i64) * HOUR + rng.below(3000) as i64;
                let action = (who * 3 + rng.below(6) as u32) % 20;
                rows.push(([who, who / 2, who % 3, action], time));
            }
        }
    }
    rows
}

#[test]
fn an_intruder_stands_out_among_harmless_newcomers() {
    const INTRUDER: u32 = 99;
    for newcomers in [0, 4, 8] {
        let mut rng = Rng::new(7, newcomers);
        let mut rows = account(&mut rng);
        for n in 0..newcomers as u32 {
            let start = (rng.below(19) as i64 * 24 + 10) * HOUR;
            let own = 200 + n;
            for action in [rng.below(20) as u32, rng.below(20) as u32, rng.below(20) as u32, own] {
                rows.push(([20 + n, 20 + n, 20 + n, action], start + rng.below(3000) as i64));
            }
        }
        for step in 0..8 {
            let time = (11 * 24 + 15) * HOUR + i64::from(step) * 1_000_000;
            let action = if step < 3 { step } else { 300 + step };
            rows.push(([INTRUDER, INTRUDER, INTRUDER, action], time));
        }
        let facts = facts(&rows);
        let scored = scored(&facts);
        let attacks: Vec<bool> = facts.columns[0].codes.iter().map(|&p| p == INTRUDER).collect();
        let found = evaluate::average_precision(&scored.score, &attacks).unwrap();
        assert!(found > 0.9, "{found} with {newcomers} newcomers");
        let first = scored.order()[0] as usize;
        let why = Reasons::new(&facts, &scored).of_tuple(first);
        let own = why.iter().find(|r| r.kind == Kind::Novelty).unwrap();
        assert_eq!(own.count, 5, "{why:?}");
        assert!(own.contribution > 0.0);
    }
}

/// Principal 3 goes on under another identity from the same place with the same agent: each raises the other,
/// and the reasons say so. Under another agent they do not.
#[test]
fn one_hand_with_two_identities_is_linked() {
    let odd = |agent: u32| {
        let mut rows = account(&mut Rng::new(3, 0));
        let time = (9 * 24 + 2) * HOUR;
        rows.extend((0..3).map(|n| ([3, 40, 41, 400 + n], time + i64::from(n))));
        rows.extend((0..3).map(|n| ([60, 40, agent, 500 + n], time + 60 + i64::from(n))));
        let facts = facts(&rows);
        let scored = scored(&facts);
        let codes = |j: usize, i: usize| facts.columns[j].codes[i];
        let i = (0..facts.len()).find(|&i| codes(0, i) == 3 && codes(3, i) == 401).unwrap();
        let why = Reasons::new(&facts, &scored).of_tuple(i);
        why.iter().find(|r| r.kind == Kind::Company).map(|r| r.text.clone()).unwrap()
    };
    assert!(odd(41).contains("by other principals with the same agent"), "{}", odd(41));
    assert!(!odd(42).contains("other principals"), "{}", odd(42));
}

fn table(numbers: Vec<Vec<f64>>, words: &[u32]) -> Facts {
    let n = numbers.first().map_or(words.len(), Vec::len);
    let named = |(k, values)| Number { name: format!("n{k}"), values };
    let column = Column {
        name: "word".to_owned(),
        role: Role::Other,
        codes: words.to_vec(),
        values: (0..9).map(|v| Some(format!("w{v}"))).collect(),
    };
    Facts {
        columns: if words.is_empty() { vec![] } else { vec![column] },
        numbers: numbers.into_iter().enumerate().map(named).collect(),
        copies: vec![1; n],
        changes: vec![true; n],
        visits: None,
    }
}

#[test]
fn odd_numbers_are_found_with_the_number_that_is_odd() {
    let mut rng = Rng::new(5, 0);
    let mut draw = |n: usize| (0..n).map(|_| rng.uniform() + rng.uniform()).collect::<Vec<f64>>();
    let mut numbers = vec![draw(500), draw(500), draw(500)];
    numbers[1][77] = 9.0;
    let mut words: Vec<u32> = (0..500).map(|i| i % 4).collect();
    words[123] = 8;
    for words in [vec![], words] {
        let facts = table(numbers.clone(), &words);
        let scored = scored(&facts);
        let first = &scored.order()[..5];
        assert!(first.contains(&77), "{first:?}");
        let why = Reasons::new(&facts, &scored).of_tuple(77);
        assert_eq!((why[0].kind, why[0].count, why[0].total), (Kind::Extreme, 1, 500));
        assert_eq!(why[0].fields, ["n1"]);
        assert!(words.is_empty() || first[0] == 123, "{first:?}");
    }
}

#[test]
fn any_finite_numbers_have_scores() {
    let big = vec![f64::MAX, f64::MIN, 0.0, 1.0, 1e300, -1e-300, 5.0];
    let same = vec![3.0; 7];
    let mostly = vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
    for numbers in [vec![big.clone()], vec![same.clone()], vec![big, same, mostly], vec![vec![1.0]]]
    {
        let facts = table(numbers, &[]);
        let scored = scored(&facts);
        assert!(scored.score.iter().all(|s| s.is_finite()), "{:?}", scored.score);
        let reasons = Reasons::new(&facts, &scored);
        (0..facts.len()).for_each(|i| drop(reasons.of_tuple(i)));
    }
}
