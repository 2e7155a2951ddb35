//! A hunt that never was: a realistic outcome with its flagged rows, the same in every run.

#![allow(dead_code, unreachable_pub, reason = "every test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "only tests use it")]

use arrow::array::{
    ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use lanner_explain::{Rarity, Values};
use lanner_pipeline::{
    Agreement, Basis, ClassicGrounds, FieldUse, Forecast, Grounds, InputReport, Looked, ModelRun,
    Outcome, RankCount, Settings, Status, Trial, Tuples,
};
use lanner_read::{FileAccount, Reject, Skipped};
use lanner_report::{Provenance, ReportError, Sink, Target};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// The thirteen models of the classic recipe.
pub const CLASSIC: [&str; 13] = [
    "CBLOF", "IForest", "KNN", "AvKNN", "LOF", "ROD", "CD", "COPOD", "ECOD", "GMM", "HBOS", "INNE",
    "LODA",
];
/// All models.
pub const ALL: [&str; 21] = [
    "CBLOF", "IForest", "KNN", "AvKNN", "LOF", "ROD", "CD", "COPOD", "ECOD", "GMM", "HBOS", "INNE",
    "LODA", "QMCD", "OCSVM", "KDE", "PCA", "LMDD", "SOD", "DIF", "LUNAR",
];
const FIELDS: [&str; 5] =
    ["sourceIPAddress", "eventSource", "eventName", "userAgent", "userIdentity.arn"];
const START: i64 = 1_688_990_000_000_000;
const CONTAMINATION: f64 = 0.004;
const TOP: usize = 100;
const FILES: [&str; 3] =
    ["logs/2023-07-10.json.gz", "logs/2023-07-11.json.gz", "logs/extra.ndjson"];

/// A hunt and the tuple of every row.
pub struct Made {
    pub outcome: Outcome,
    pub tuple_of: Vec<u32>,
    pub step: i64,
}

/// Numbers that look random.
pub struct Dice(u64);

impl Dice {
    pub fn new() -> Self {
        Self(7)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A hunt over about `n` tuples of `CloudTrail`.
pub fn hunt(n: usize, models: &[&'static str]) -> Made {
    let mut dice = Dice::new();
    let mut keys: Vec<([String; 5], u64)> = (0..n).map(|i| common(i, &mut dice)).collect();
    keys.extend(odd());
    keys.sort();
    keys.dedup_by(|a, b| a.0 == b.0);
    from_tuples(keys, models, &mut dice)
}

/// A hunt over the given tuples with their copies.
pub fn from_tuples(
    keys: Vec<([String; 5], u64)>,
    models: &[&'static str],
    dice: &mut Dice,
) -> Made {
    let (keys, copies): (Vec<[String; 5]>, Vec<u64>) = keys.into_iter().unzip();
    let n = keys.len();
    let total: u64 = copies.iter().sum();
    let surprise = |rows: u64| -(rows as f64 / total as f64).ln();
    let mut oddity: Vec<f64> = copies.iter().map(|&c| surprise(c)).collect();
    for j in 0..5 {
        let mut rows = std::collections::BTreeMap::<&str, u64>::new();
        for (key, c) in keys.iter().zip(&copies) {
            *rows.entry(&key[j]).or_default() += c;
        }
        for (o, key) in oddity.iter_mut().zip(&keys) {
            *o += surprise(rows[key[j].as_str()]);
        }
    }
    let mut runs: Vec<(Vec<f64>, f64, Vec<bool>)> = Vec::new();
    for m in 0..models.len() {
        let noise = 0.1 + 2.5 * (m % 5) as f64 / 5.0;
        let power = if m % 3 == 0 { 3.0 } else { 1.0 };
        let sign = if m % 7 == 6 { -0.2 } else { 1.0 };
        let scores: Vec<f64> = oddity
            .iter()
            .map(|o| (4.0 + sign * o / 9.0 + noise * (dice.unit() - 0.5)).powf(power))
            .collect();
        let threshold = percentile(&scores, &copies);
        let votes = scores.iter().map(|&s| s > threshold).collect();
        runs.push((scores, threshold, votes));
    }
    let rank_of = |i: usize| runs.iter().filter(|r| r.2[i]).count() as u32;
    let rank: Vec<u32> = (0..n).map(rank_of).collect();
    let most = oddity.iter().fold(1e-9, |a: f64, &b| a.max(b));
    let mean: Vec<f64> = oddity.iter().map(|o| 0.5 + 0.5 * o / most).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| {
        rank[b].cmp(&rank[a]).then(mean[b].total_cmp(&mean[a])).then(copies[a].cmp(&copies[b]))
    });

    let copies_of: Vec<u64> = order.iter().map(|&i| copies[i]).collect();
    let mut tuple_of: Vec<u32> = Vec::with_capacity(total as usize);
    for (place, &c) in copies_of.iter().enumerate() {
        tuple_of.extend(std::iter::repeat_n(place as u32, c as usize));
    }
    for i in (1..tuple_of.len()).rev() {
        tuple_of.swap(i, dice.below(i + 1));
    }
    let step = 9 * 86_400_000_000 / total.max(1) as i64;
    let mut first_seen = vec![None; n];
    let mut last_seen = vec![None; n];
    let mut first_row = vec![0; n];
    for (row, &t) in tuple_of.iter().enumerate() {
        let time = START + step * row as i64;
        if first_seen[t as usize].is_none() {
            first_seen[t as usize] = Some(time);
            first_row[t as usize] = row as u64;
        }
        last_seen[t as usize] = Some(time);
    }
    let text = |j: usize| order.iter().map(|&i| keys[i][j].as_str()).collect::<Vec<_>>();
    let columns = (0..5).map(|j| (FIELDS[j], Arc::new(StringArray::from(text(j))) as ArrayRef));
    let ranks: Vec<u32> = order.iter().map(|&i| rank[i]).collect();
    let flagged: Vec<bool> = ranks.iter().enumerate().map(|(i, &r)| r > 0 || i < TOP).collect();
    let tuples = Tuples {
        values: RecordBatch::try_from_iter(columns).unwrap(),
        first_seen,
        last_seen,
        first_row,
        score: order.iter().map(|&i| mean[i]).collect(),
        flagged_rows: flagged
            .iter()
            .zip(&copies_of)
            .map(|(&f, &c)| if f { c } else { 0 })
            .collect(),
        flagged,
        incident: Vec::new(),
        rank: ranks,
        grounds: Grounds::Classic(Box::new(ClassicGrounds {
            rarity: Rarity::new((0..5).map(|j| values(j, &text(j))).collect(), &copies_of),
            looked: Looked::default(),
        })),
        copies: copies_of,
    };
    let runs: Vec<ModelRun> = models
        .iter()
        .zip(&runs)
        .map(|(id, (scores, threshold, votes))| ModelRun {
            id,
            title: "Model of a hunt that never was",
            status: Status::Ran,
            params: json!({"n_neighbors": 5, "metric": "minkowski", "p": 2}),
            fit_seconds: 0.12 * id.len() as f64,
            forecast: forecast(0.4, Basis::NotNeeded),
            peak_memory: None,
            threshold: Some(*threshold),
            flagged_rows: votes.iter().zip(&copies).filter(|(v, _)| **v).map(|(_, c)| c).sum(),
            scores: order.iter().map(|&i| scores[i]).collect(),
            votes: order.iter().map(|&i| votes[i]).collect(),
            notes: Vec::new(),
        })
        .collect();
    let outcome = outcome(tuples, runs, total);
    Made { outcome, tuple_of, step }
}

fn forecast(seconds: f64, basis: Basis) -> Forecast {
    let samples = match basis {
        Basis::Trials => {
            vec![Trial { rows: 1000, seconds: 0.5 }, Trial { rows: 2000, seconds: 1.1 }]
        }
        _ => Vec::new(),
    };
    let law = (basis == Basis::Trials).then_some(1.14);
    Forecast { samples, a: law.map(|_| 2e-4), b: law, seconds, basis }
}

fn outcome(tuples: Tuples, mut models: Vec<ModelRun>, rows: u64) -> Outcome {
    let highest = tuples.rank.iter().copied().max().unwrap_or_default();
    let ranks = (0..=highest).map(|rank| {
        let of = || (0..tuples.len()).filter(|&i| tuples.rank[i] == rank);
        RankCount { rank, rows: of().map(|i| tuples.copies[i]).sum(), tuples: of().count() as u64 }
    });
    let votes: Vec<Vec<f64>> =
        models.iter().map(|m| m.votes.iter().map(|&v| f64::from(u8::from(v))).collect()).collect();
    let scores: Vec<Vec<f64>> = models.iter().map(|m| m.scores.clone()).collect();
    let agreement = Agreement {
        models: models.iter().map(|m| m.id).collect(),
        votes: square(&votes, &tuples.copies),
        scores: square(&scores, &tuples.copies),
    };
    models.push(ModelRun {
        id: "SOD",
        title: "Subspace outlier detection",
        status: Status::Failed("needs more rows than its 20 neighbours".into()),
        params: json!({"n_neighbors": 20, "ref_set": 10, "alpha": 0.8}),
        fit_seconds: 0.0,
        forecast: forecast(84.0, Basis::Trials),
        peak_memory: None,
        threshold: None,
        flagged_rows: 0,
        scores: Vec::new(),
        votes: Vec::new(),
        notes: Vec::new(),
    });
    models.push(ModelRun {
        id: "LUNAR",
        title: "Learnable unified neighbourhood-based detector",
        status: Status::Excluded("expected to take more than 60 s (--max-seconds)".into()),
        ..clone_of(&models[models.len() - 1])
    });
    let fields = FIELDS.iter().zip([45, 31, 118, 87, 12]).map(|(name, distinct)| FieldUse {
        name: (*name).into(),
        kind: "category",
        used: true,
        distinct,
        imputed: 0,
    });
    let settings = Settings {
        inputs: vec!["logs/".into()],
        recipe: "classic".into(),
        preset: None,
        kind: "CloudTrail".into(),
        fields: fields.collect(),
        left_out: vec!["eventID".into(), "requestID".into()],
        time: Some("eventTime".into()),
        filter: Some("awsRegion <> 'eu-north-1'".into()),
        since: None,
        until: None,
        contamination: CONTAMINATION,
        top: TOP,
        seed: 42,
    };
    Outcome {
        settings,
        input: input(rows),
        ranks: ranks.collect(),
        incidents: Vec::new(),
        tuples,
        models,
        agreement,
        warnings: vec!["SOD failed and LUNAR was left out; ranks count the other models.".into()],
        timings: vec![
            ("read", 1.21),
            ("collapse", 0.31),
            ("encode", 0.02),
            ("detect", 4.87),
            ("vote", 0.04),
            ("explain", 0.03),
        ],
    }
}

fn clone_of(m: &ModelRun) -> ModelRun {
    ModelRun {
        params: m.params.clone(),
        forecast: m.forecast.clone(),
        status: m.status.clone(),
        scores: Vec::new(),
        votes: Vec::new(),
        notes: vec!["Negatives would be drawn for a sample of 50,000 rows.".into()],
        ..*m
    }
}

fn input(rows: u64) -> InputReport {
    let account = |records: u64, listed: Vec<Reject>| FileAccount {
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        bytes: records * 231,
        records,
        rejects: listed.len() as u64,
        listed,
        notes: vec![("byte order mark".into(), 1)],
        complete: true,
    };
    let reject = |record, offset, reason: &str| Reject { record, offset, reason: reason.into() };
    let bad = vec![
        reject(1412, 1_940_221, "cut short: the record ends inside a string"),
        reject(1413, 1_940_980, "no object: the record is a number"),
    ];
    let third = rows / 3;
    let files = vec![
        (FILES[0].to_owned(), account(third, Vec::new())),
        (FILES[1].to_owned(), account(third, Vec::new())),
        (FILES[2].to_owned(), account(rows - 2 * third + 28, bad)),
    ];
    let time = |t: i64| Some(jiff::Timestamp::from_microsecond(t).unwrap().to_string());
    InputReport {
        files,
        skipped: vec![Skipped {
            path: "logs/AWSLogs/digest.json.gz".into(),
            bytes: 4_711,
            reason: "a CloudTrail digest, not a log".into(),
        }],
        read: rows + 28,
        scored: rows,
        filtered: 26,
        rejected: 2,
        repeated_ids: Some(3),
        first: time(START),
        last: time(START + 9 * 86_400_000_000),
        columns: ["eventTime", "eventID"].iter().chain(&FIELDS).map(|&c| c.into()).collect(),
    }
}

impl Made {
    /// The flagged rows as the pipeline streams them.
    pub fn flagged(&self) -> Vec<RecordBatch> {
        let tuples = &self.outcome.tuples;
        let rows = self.tuple_of.iter().enumerate().filter(|(_, t)| tuples.flagged[**t as usize]);
        let rows: Vec<(usize, u32)> = rows.map(|(row, &t)| (row, t)).collect();
        rows.chunks(1000).map(|part| self.batch(part)).collect()
    }

    fn batch(&self, rows: &[(usize, u32)]) -> RecordBatch {
        let tuples = UInt32Array::from_iter_values(rows.iter().map(|r| r.1));
        let time = |row: usize| START + self.step * row as i64;
        let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|r| time(r.0)));
        let ids = StringArray::from_iter_values(rows.iter().map(|r| format!("id-{:06}", r.0)));
        let files = rows.iter().map(|r| FILES[3 * r.0 / self.tuple_of.len().max(1)]);
        let mut columns: Vec<(&str, ArrayRef)> =
            vec![("eventTime", Arc::new(times.with_timezone("UTC"))), ("eventID", Arc::new(ids))];
        let values = &self.outcome.tuples.values;
        for (name, column) in FIELDS.iter().zip(values.columns()) {
            columns.push((name, arrow::compute::take(column, &tuples, None).unwrap()));
        }
        let numbers = UInt64Array::from_iter_values(rows.iter().map(|r| r.0 as u64));
        columns.push(("lanner_row", Arc::new(numbers)));
        columns.push(("lanner_file", Arc::new(StringArray::from_iter_values(files))));
        columns.push(("lanner_tuple", Arc::new(tuples)));
        RecordBatch::try_from_iter(columns).unwrap()
    }

    /// Writes it all to `out`.
    pub fn write(&self, out: &Path) -> Result<lanner_report::Manifest, ReportError> {
        self.write_with(&target(out), &self.flagged(), 0)
    }

    /// Writes with these flagged rows, as if run `late` seconds later.
    pub fn write_with(
        &self,
        target: &Target,
        batches: &[RecordBatch],
        late: i64,
    ) -> Result<lanner_report::Manifest, ReportError> {
        let mut stream =
            |sink: &mut Sink<'_>| batches.iter().try_for_each(|batch| sink(batch.clone()));
        lanner_report::write(&self.outcome, &mut stream, None, target, &|| provenance(late))
    }
}

/// A new folder.
pub fn target(out: &Path) -> Target {
    Target { out: out.to_path_buf(), force: false, raw_csv: false }
}

/// What the command would say of a run that started `late` seconds later.
pub fn provenance(late: i64) -> Provenance {
    let started = jiff::Timestamp::from_second(1_760_000_000 + late).unwrap();
    let command = ["lanner", "hunt", "logs/", "--contamination", "0.004", "--out", "found"];
    Provenance {
        command: command.iter().map(|&c| c.to_owned()).collect(),
        version: "0.1.0".into(),
        started,
        ended: started + jiff::SignedDuration::from_millis(6_980 + late),
        peak_memory_bytes: Some(181_403_648 + late as u64),
        threads: 2,
        options: json!({"contamination": 0.004, "threads": 2}),
        clocks: vec![("write", 0.5 + late as f64)],
    }
}

fn values(j: usize, texts: &[&str]) -> Values {
    let mut distinct: Vec<&str> = texts.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let code = |t: &&str| distinct.binary_search(t).unwrap() as u32;
    Values { field: FIELDS[j].into(), codes: texts.iter().map(code).collect(), numeric: false }
}

fn percentile(scores: &[f64], copies: &[u64]) -> f64 {
    let mut by_score: Vec<usize> = (0..scores.len()).collect();
    by_score.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let allowed = (copies.iter().sum::<u64>() as f64 * CONTAMINATION) as u64;
    let mut above = 0;
    for &i in &by_score {
        above += copies[i];
        if above > allowed {
            return scores[i];
        }
    }
    scores.first().copied().unwrap_or_default()
}

fn square(rows: &[Vec<f64>], copies: &[u64]) -> Vec<Vec<Option<f64>>> {
    let pair = |a: &[f64], b: &[f64]| {
        let n: f64 = copies.iter().map(|&c| c as f64).sum();
        let sum = |f: &dyn Fn(usize) -> f64| -> f64 {
            copies.iter().enumerate().map(|(i, &c)| c as f64 * f(i)).sum::<f64>() / n
        };
        let (ma, mb) = (sum(&|i| a[i]), sum(&|i| b[i]));
        let (va, vb) = (sum(&|i| (a[i] - ma).powi(2)), sum(&|i| (b[i] - mb).powi(2)));
        let joint = sum(&|i| (a[i] - ma) * (b[i] - mb));
        (va > 0.0 && vb > 0.0).then(|| joint / (va * vb).sqrt())
    };
    rows.iter().map(|a| rows.iter().map(|b| pair(a, b)).collect()).collect()
}

/// What an account does every day.
fn common(i: usize, dice: &mut Dice) -> ([String; 5], u64) {
    const CALLS: [(&str, &str); 12] = [
        ("ec2", "DescribeInstances"),
        ("s3", "GetBucketAcl"),
        ("sts", "AssumeRole"),
        ("kms", "Decrypt"),
        ("logs", "CreateLogStream"),
        ("ec2", "DescribeVolumes"),
        ("iam", "ListRoles"),
        ("lambda", "ListFunctions20150331"),
        ("s3", "ListBuckets"),
        ("cloudtrail", "LookupEvents"),
        ("rds", "DescribeDBInstances"),
        ("ssm", "GetParameter"),
    ];
    const AGENTS: [&str; 6] = [
        "aws-cli/2.13.0 Python/3.11.4 Linux/5.15.0-1039-aws exe/x86_64.ubuntu.22 prompt/off",
        "Boto3/1.26.165 Python/3.10.6 Linux/5.19.0 Botocore/1.29.165",
        "console.amazonaws.com",
        "lambda.amazonaws.com",
        "autoscaling.amazonaws.com",
        "APN/1.0 HashiCorp/1.0 Terraform/1.5.2 (+https://www.terraform.io) aws-sdk-go/1.44.299",
    ];
    let (service, call) = CALLS[dice.below(CALLS.len())];
    let ip = format!("10.{}.{}.{}", dice.below(3), dice.below(4), 1 + dice.below(2 + i / 60));
    let who = ["role/ci-deploy", "user/backup", "role/app-server", "user/dana", "user/lee"];
    let arn = format!("arn:aws:iam::123456789012:{}", who[dice.below(who.len())]);
    let copies = 1 + (1.0 / (0.004 + dice.unit())) as u64;
    let agent = AGENTS[dice.below(AGENTS.len())];
    ([ip, format!("{service}.amazonaws.com"), call.into(), agent.into(), arn], copies)
}

/// What an intruder does once.
fn odd() -> Vec<([String; 5], u64)> {
    let rows = [
        ("185.220.101.34", "cloudtrail", "StopLogging", "kali", "user/dana", 1),
        ("185.220.101.34", "iam", "CreateAccessKey", "kali", "user/dana", 1),
        ("185.220.101.34", "iam", "AttachUserPolicy", "kali", "user/dana", 2),
        ("45.155.205.12", "s3", "DeleteBucketPolicy", "pacu", "role/ci-deploy", 1),
        ("45.155.205.12", "guardduty", "DeleteDetector", "pacu", "role/ci-deploy", 1),
        ("10.0.1.4", "ec2", "GetPasswordData", "console.amazonaws.com", "user/lee", 3),
    ];
    let full = |agent: &str| match agent {
        "kali" => "aws-cli/1.22.34 Python/3.9.11 Linux/5.18.0-kali5-amd64 botocore/1.23.34".into(),
        "pacu" => "Boto3/1.9.160 Python/3.11.2 Linux/6.1.0 (pacu; like Gecko) Botocore/1.12".into(),
        other => other.to_owned(),
    };
    rows.iter()
        .map(|(ip, service, call, agent, who, copies)| {
            let arn = format!("arn:aws:iam::123456789012:{who}");
            let service = format!("{service}.amazonaws.com");
            ([(*ip).into(), service, (*call).into(), full(agent), arn], *copies)
        })
        .collect()
}
