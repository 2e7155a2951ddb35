//! What must hold of the whole recipe: nothing hangs on names, order or threads; the planted attack is
//! found; reasons count what is there and carry the score.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lanner_frame::{Cancel, Ctx, Rng, Workers};
use lanner_recipe::{
    Aspect, Facts, Field, Kind, Preset, Reasons, Role, Scored, Settings, Tuples, Visits, evaluate,
    incidents, score, why,
};
use std::collections::BTreeMap;

const FIELDS: [&str; 5] =
    ["userIdentity.arn", "sourceIPAddress", "eventSource", "eventName", "userAgent"];
const HOUR: i64 = 3_600_000_000;

/// A made-up account: each tuple's five values, with the moments of its rows, and whether it is planted.
struct World {
    tuples: Tuples,
    visits: Visits,
    planted: Vec<bool>,
}

fn world(seed: u64) -> World {
    let mut rng = Rng::new(seed, 0);
    let mut rows: Vec<([String; 5], i64, bool)> = Vec::new();
    let reads = ["DescribeInstances", "ListBuckets", "GetObject", "ListUsers", "DescribeVolumes"];
    let writes = ["RunInstances", "PutObject", "CreateTags"];
    for person in 0..24u64 {
        let arn = if person % 3 == 0 {
            format!("arn:aws:sts::1:assumed-role/web/i-0123456789{person:02}")
        } else {
            format!("arn:aws:iam::1:user/u{person}")
        };
        for _ in 0..60 + 20 * (person % 7) {
            let home = if rng.below(30) == 0 { 200 + rng.below(5) } else { person };
            let address = format!("10.{home}.0.{}", rng.below(3));
            let agent = ["aws-cli/2 linux", "Boto3/1 linux"][usize::from(person % 2 == 0)];
            let habits = rng.below(3) + 1;
            let call = match rng.below(12) {
                0 => writes[rng.below(3) as usize],
                _ => reads[(person + rng.below(habits)) as usize % 5],
            };
            let day = rng.below(20) as i64;
            let time =
                (day * 24 + 8 + rng.below(9) as i64) * HOUR + rng.below(3_000) as i64 * 1_000_000;
            let source =
                if call.contains("Bucket") || call.contains("Object") { "s3" } else { "ec2" };
            let values = [&arn, &address, &format!("{source}.amazonaws.com"), call, agent];
            rows.push((values.map(str::to_owned), time, false));
        }
    }
    let planted = ["ListUsers", "CreateUser", "AttachUserPolicy", "CreateAccessKey", "StopLogging"];
    for (n, call) in planted.iter().enumerate() {
        let values = ["arn:aws:iam::1:user/u7", "45.155.0.9", "iam.amazonaws.com", call, "curl/8"];
        rows.push((values.map(str::to_owned), (11 * 24 + 3) * HOUR + n as i64 * 60_000_000, true));
    }
    collapse(&rows)
}

fn collapse(rows: &[([String; 5], i64, bool)]) -> World {
    let mut numbers: BTreeMap<&[String; 5], (u32, u64, bool)> = BTreeMap::new();
    for (values, _, planted) in rows {
        let next = numbers.len() as u32;
        numbers.entry(values).or_insert((next, 0, *planted)).1 += 1;
    }
    let mut by_number: Vec<_> = numbers.iter().collect();
    by_number.sort_by_key(|(_, n)| n.0);
    let field = |j: usize| {
        let mut values: Vec<&String> = by_number.iter().map(|(v, _)| &v[j]).collect();
        values.sort();
        values.dedup();
        let code = |v: &String| values.binary_search(&v).unwrap() as u32;
        Field {
            name: FIELDS[j].to_owned(),
            codes: by_number.iter().map(|(v, _)| code(&v[j])).collect(),
            values: values.iter().map(|&v| Some(v.clone())).collect(),
        }
    };
    let mut hours: BTreeMap<(u32, i32), (u64, i64, i64)> = BTreeMap::new();
    for (values, time, _) in rows {
        let key = (numbers[values].0, time.div_euclid(HOUR) as i32);
        let visit = hours.entry(key).or_insert((0, i64::MAX, i64::MIN));
        *visit = (visit.0 + 1, visit.1.min(*time), visit.2.max(*time));
    }
    let visits = Visits {
        tuple: hours.keys().map(|k| k.0).collect(),
        hour: hours.keys().map(|k| k.1).collect(),
        rows: hours.values().map(|v| v.0).collect(),
        first: hours.values().map(|v| v.1).collect(),
        last: hours.values().map(|v| v.2).collect(),
    };
    let copies = by_number.iter().map(|(_, n)| n.1).collect();
    let planted = by_number.iter().map(|(_, n)| n.2).collect();
    World {
        tuples: Tuples { fields: (0..5).map(field).collect(), numbers: vec![], copies },
        visits,
        planted,
    }
}

fn facts(world: &World) -> Facts {
    let preset = Preset::built_in("cloudtrail").unwrap();
    preset.facts(&world.tuples, Some(world.visits.clone())).unwrap()
}

fn scored(facts: &Facts, threads: usize) -> Scored {
    let ctx = Ctx::new(Workers::new(threads).unwrap(), Cancel::default(), 7);
    score(facts, &Settings::default(), &ctx).unwrap()
}

/// A random order of 0..n.
fn shuffled(n: usize, rng: &mut Rng) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n as u32).collect();
    rng.shuffle(&mut order);
    order
}

/// Gives every value of every column another code.
fn renamed(facts: &Facts, rng: &mut Rng) -> Facts {
    let mut out = facts.clone();
    for column in &mut out.columns {
        let names = shuffled(column.values.len(), rng);
        column.codes = column.codes.iter().map(|&c| names[c as usize]).collect();
        for (old, &new) in names.iter().enumerate() {
            column.values[new as usize] = Some(format!("v{}", old * 7919 % 1000));
        }
    }
    out
}

/// Puts tuples and visits into another order; `order[i]` is the old number of the new tuple i.
fn reordered(facts: &Facts, order: &[u32], rng: &mut Rng) -> Facts {
    fn pick<T: Clone>(list: &[T], order: &[u32]) -> Vec<T> {
        order.iter().map(|&i| list[i as usize].clone()).collect()
    }
    let mut out = facts.clone();
    out.columns.iter_mut().for_each(|c| c.codes = pick(&c.codes, order));
    out.copies = pick(&facts.copies, order);
    out.changes = pick(&facts.changes, order);
    let mut now = vec![0; order.len()];
    order.iter().enumerate().for_each(|(new, &old)| now[old as usize] = new as u32);
    let visits = facts.visits.as_ref().unwrap();
    let mixed = shuffled(visits.len(), rng);
    out.visits = Some(Visits {
        tuple: mixed.iter().map(|&v| now[visits.tuple[v as usize] as usize]).collect(),
        hour: pick(&visits.hour, &mixed),
        rows: pick(&visits.rows, &mixed),
        first: pick(&visits.first, &mixed),
        last: pick(&visits.last, &mixed),
    });
    out
}

fn bits(scores: &[f64]) -> Vec<u64> {
    scores.iter().map(|s| s.to_bits()).collect()
}

#[test]
fn names_order_and_threads_change_no_bit() {
    let mut rng = Rng::new(3, 0);
    let facts = facts(&world(1));
    let want = scored(&facts, 1);
    assert_eq!(bits(&scored(&facts, 8).score), bits(&want.score), "8 threads");
    for round in 0..3 {
        let other = renamed(&facts, &mut rng);
        assert_eq!(bits(&scored(&other, 2).score), bits(&want.score), "renamed, round {round}");
        let order = shuffled(facts.len(), &mut rng);
        let mixed = scored(&reordered(&other, &order, &mut rng), 2);
        let moved: Vec<f64> = order.iter().map(|&i| want.score[i as usize]).collect();
        assert_eq!(bits(&mixed.score), bits(&moved), "another order, round {round}");
        let lines = |s: &Scored| {
            let lines = incidents(s).into_iter();
            lines.map(|l| (l.score.to_bits(), l.rows, l.span)).collect::<Vec<_>>()
        };
        assert_eq!(lines(&mixed), lines(&want), "incidents, round {round}");
    }
}

#[test]
fn the_planted_attack_leads_both_lists() {
    for seed in 1..4 {
        let world = world(seed);
        let facts = facts(&world);
        let scored = scored(&facts, 2);
        let ap = evaluate::average_precision(&scored.score, &world.planted).unwrap();
        assert!(ap > 0.9, "seed {seed}: average precision {ap}");
        let first = &incidents(&scored)[0];
        assert!(first.tuples.iter().all(|&t| world.planted[t as usize]), "seed {seed}");
        assert_eq!(first.shared(&facts, Role::Network), Some("45.155/16"));
        assert_eq!((first.rows, first.odd_actions), (5, 5), "seed {seed}");
    }
}

#[test]
fn without_time_there_are_still_scores_and_incidents() {
    let mut facts = facts(&world(1));
    facts.visits = None;
    let scored = scored(&facts, 2);
    assert!(scored.score.iter().all(|s| s.is_finite()));
    let rows: u64 = incidents(&scored).iter().map(|i| i.rows).sum();
    assert_eq!(rows, facts.copies.iter().sum::<u64>());
}

#[test]
fn few_and_equal_tuples_have_scores() {
    let generic = Preset::built_in("generic").unwrap();
    for n in [1, 2, 5, 40] {
        let field = Field { name: "a".into(), codes: vec![0; n], values: vec![None] };
        let tuples =
            Tuples { fields: vec![field.clone(), field], numbers: vec![], copies: vec![1; n] };
        let scored = scored(&generic.facts(&tuples, None).unwrap(), 1);
        assert!(scored.score.iter().all(|s| s.is_finite() && *s == scored.score[0]), "{n} tuples");
        assert!(incidents(&scored).is_empty());
    }
}

#[test]
fn reasons_count_what_is_there() {
    let world = world(2);
    let facts = facts(&world);
    let scored = scored(&facts, 2);
    let reasons = Reasons::new(&facts, &scored);
    let total: u64 = facts.copies.iter().sum();
    let has = |j: usize, i: usize, t: usize| facts.columns[j].codes[t] == facts.columns[j].codes[i];
    let rows = |keep: &dyn Fn(usize) -> bool| -> u64 {
        (0..facts.len()).filter(|&t| keep(t)).map(|t| facts.copies[t]).sum()
    };
    let mut checked = 0;
    for &i in scored.order().iter().take(30) {
        let i = i as usize;
        let found = reasons.of_tuple(i);
        assert!(!found.is_empty() && !why(&found, 3).is_empty());
        for reason in found.iter().flat_map(|r| std::iter::once(r).chain(&r.because)) {
            let at = |f: &String| facts.columns.iter().position(|c| &c.name == f).unwrap();
            let columns: Vec<usize> = reason.fields.iter().map(at).collect();
            match (reason.kind, columns.as_slice()) {
                (Kind::Rare, &[of]) => {
                    assert_eq!(reason.count, rows(&|t| has(of, i, t)));
                    assert_eq!(reason.total, total);
                }
                (Kind::Unusual, &[of, given]) => {
                    assert_eq!(reason.count, rows(&|t| has(of, i, t) && has(given, i, t)));
                    assert_eq!(reason.total, rows(&|t| has(given, i, t)));
                }
                _ => continue,
            }
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}");
}

/// Making what the first reason speaks about ordinary lowers the score more than another aspect does.
#[test]
fn the_first_reason_carries_the_score() {
    let facts = facts(&world(3));
    let scored = scored(&facts, 2);
    let reasons = Reasons::new(&facts, &scored);
    let mut rng = Rng::new(5, 0);
    let (mut faithful, mut asked) = (0, 0);
    for i in scored.order().into_iter().take(50) {
        let i = i as usize;
        let speaks =
            |kind| matches!(kind, Kind::Rare | Kind::Unusual | Kind::NewForRole | Kind::Brief);
        let found = reasons.of_tuple(i);
        let Some(first) = found.iter().find(|r| speaks(r.kind)) else { continue };
        assert!(first.contribution > 0.0);
        let column = facts.columns.iter().position(|c| c.name == first.fields[0]).unwrap();
        let other = (column + 1 + rng.below(4) as usize) % 5;
        let without = |j| scored.neutralised(&facts, i, Some(Aspect::Column(j)));
        asked += 1;
        faithful += usize::from(without(column) < without(other));
    }
    assert!(asked >= 40 && faithful * 10 >= asked * 9, "{faithful} of {asked}");
}
