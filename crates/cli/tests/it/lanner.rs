//! The lanner recipe from log to incidents, reasons and figures.

use crate::{lanner, number, output, query, trail};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// A trail of ten steady users, and one of them from elsewhere doing what nobody does.
fn labelled(at: &Path) {
    let mut text = String::from(
        "eventTime,userIdentity.arn,sourceIPAddress,userAgent,eventSource,eventName,label\n",
    );
    let mut add = |i: u32, who: u32, from: &str, agent: &str, what: &str, label: &str| {
        let (day, hour, minute) = (1 + i / 200 % 20, 8 + i % 9, i % 60);
        text.push_str(&format!(
            "2026-03-{day:02}T{hour:02}:{minute:02}:00Z,arn:aws:iam::1:user/u{who},{from},{agent},{what},{label}\n"
        ));
    };
    let usual = [
        "s3.amazonaws.com,GetObject",
        "ec2.amazonaws.com,DescribeInstances",
        "s3.amazonaws.com,PutObject",
    ];
    for i in 0..4000 {
        let who = i % 10;
        let what = usual[(i / 10 % 3) as usize];
        add(i, who, &format!("10.{}.0.{}", who % 3, i % 50), "aws-cli/2.1", what, "");
    }
    let odd = [
        "iam.amazonaws.com,CreateUser",
        "iam.amazonaws.com,AttachUserPolicy",
        "ssm.amazonaws.com,SendCommand",
    ];
    for (i, what) in (0..).zip(odd) {
        add(2001, 3, "203.0.113.9", "Boto3/1.2", what, &format!("technique-{i}"));
    }
    fs::write(at.join("trail.csv"), text).unwrap();
}

#[test]
fn incidents_come_first_and_the_sums_agree() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    trail(at, 6000);
    let summary = output(at, &["hunt", "trail.parquet", "--out", "found"]);
    let (incidents, strangest) = (summary.find("Incidents"), summary.find("The strangest"));
    assert!(incidents.is_some() && incidents < strangest, "{summary}");
    let manifest = fs::read_to_string(at.join("found/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["settings"]["recipe"], "lanner");
    assert_eq!(manifest["settings"]["preset"], "cloudtrail");
    for check in manifest["checks"].as_array().unwrap() {
        assert_eq!(check["ok"], true, "{check}");
    }
    let page = fs::read_to_string(at.join("found/report.html")).unwrap();
    assert!(page.find("id=\"incidents\"") < page.find("id=\"strangest\""));
    let wrong = "SELECT count(*) AS n FROM incidents WHERE why = '' OR rows < tuples";
    assert_eq!(number(at, "found", wrong), 0.0);
    assert_eq!(number(at, "found", "SELECT sum(rows) AS n FROM incidents"), 6000.0);
    let of_events = "SELECT count(*) AS n FROM events WHERE incident = 1";
    let of_incident = "SELECT rows AS n FROM incidents WHERE incident = 1";
    assert_eq!(number(at, "found", of_events), number(at, "found", of_incident));
    let unordered = "SELECT count(*) AS n FROM (SELECT score, lag(score) OVER (ORDER BY incident) AS before \
                     FROM incidents) WHERE score > before";
    assert_eq!(number(at, "found", unordered), 0.0);
}

/// Every count of a reason comes out again when its query is asked.
#[test]
fn the_queries_of_reasons_give_their_counts() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    trail(at, 3000);
    let text = output(at, &["hunt", "trail.parquet", "--out", "found", "--json"]);
    let found: Value = serde_json::from_str(&text).unwrap();
    let reasons = found["strangest"].as_array().unwrap().iter().take(8);
    let reasons = reasons.flat_map(|t| t["reasons"].as_array().unwrap());
    let counted = reasons.filter(|r| r["sql"].is_string() && r["kind"] != "brief");
    let mut asked = 0;
    for reason in counted.take(12) {
        let rows = query(at, "found", reason["sql"].as_str().unwrap());
        assert_eq!(rows[0]["count"], reason["count"], "{reason:#}");
        assert_eq!(rows[0]["total"], reason["total"], "{reason:#}");
        asked += 1;
    }
    assert!(asked > 3, "{asked} reasons with a query");
}

#[test]
fn planted_attacks_are_found_and_measured() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    labelled(at);
    output(at, &["hunt", "trail.csv", "--out", "found", "--quiet"]);
    let text = output(at, &["evaluate", "found", "--label", "label", "--json"]);
    let all: Value = serde_json::from_str(&text).unwrap();
    let ap = |order: &str| all[order]["ap"].as_f64().unwrap();
    assert!(ap("list") > 0.9 && ap("incidents") > 0.9, "{all:#}");
    assert_eq!(all["list"]["attacks"], 3);
    assert_eq!(
        (&all["list"]["techniques"], &all["list"]["techniques_at"]["20"]),
        (&3.into(), &3.into())
    );
    let table = output(at, &["evaluate", "found", "--label", "label"]);
    assert!(table.contains("KNN") && table.contains("incidents"), "{table}");
    let done = lanner(at).args(["evaluate", "found", "--label", "eventName"]).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
}

/// A small account has one intruder unless told otherwise, and newcomers that nobody calls an attack.
#[test]
fn a_small_account_has_one_longer_attack() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    let small =
        ["sample", "cloudtrail", "--account", "small", "--rows", "3000", "--newcomers", "2"];
    let said = output(at, &[&small[..], &["--out", "one.parquet"]].concat());
    assert!(said.contains("3,000 events") && said.contains("to 1 planted attack,"), "{said}");
    output(at, &["hunt", "one.parquet", "--out", "found", "--quiet"]);
    let args =
        ["evaluate", "found", "--labels", "one.labels.csv", "--label", "technique", "--json"];
    let all: Value = serde_json::from_str(&output(at, &args)).unwrap();
    assert!(all["list"]["attacks"].as_u64().unwrap() >= 10, "{all:#}");
    let quiet =
        output(at, &[&small[..], &["--intruder", "none", "--out", "none.parquet"]].concat());
    assert!(quiet.contains("0 of them belong to 0 planted attacks"), "{quiet}");
    let labels = fs::read_to_string(at.join("none.labels.csv")).unwrap();
    assert_eq!(labels.lines().count(), 1);
}

/// Labels in a table of their own, as `lanner sample` writes them, belong to events by their id.
#[test]
fn labels_beside_the_log_are_joined_by_event() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    output(at, &["sample", "cloudtrail", "--rows", "4000", "--attacks", "3", "--out", "trail"]);
    output(at, &["hunt", "trail", "--out", "found", "--quiet"]);
    let args = ["evaluate", "found", "--labels", "trail/labels.csv", "--label", "technique"];
    let all: Value = serde_json::from_str(&output(at, &[&args[..], &["--json"]].concat())).unwrap();
    let list = &all["list"];
    assert!(list["attacks"].as_u64().unwrap() >= 3, "{list:#}");
    let (recall, interval) = (&list["technique_recall_at"], &list["technique_recall_interval"]);
    let within = |at: &str| (recall[at].as_f64().unwrap(), interval[at][1].as_f64().unwrap());
    assert!(within("100").0 > 0.0 && within("100").1 <= 1.0, "{list:#}");
    fs::write(at.join("other.csv"), "eventID,technique\nnone,T1\n").unwrap();
    fs::write(at.join("twice.csv"), "eventID,technique\na,T1\na,T2\n").unwrap();
    for (wrong, why) in [("other.csv", "belongs to an event"), ("twice.csv", "there twice")] {
        let args = ["evaluate", "found", "--labels", wrong, "--label", "technique"];
        let done = lanner(at).args(args).output().unwrap();
        assert_eq!(done.status.code(), Some(2), "{wrong}");
        assert!(String::from_utf8_lossy(&done.stderr).contains(why), "{wrong}");
    }
}

#[test]
fn the_recipe_follows_the_table_and_the_options() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    let mut words = String::from("user,host,bytes\n");
    let mut numbers = String::from("a,b\n");
    for i in 0..60 {
        words.push_str(&format!("u{},h{},{}\n", i % 4, i % 3, i % 7));
        numbers.push_str(&format!("{},{}\n", i % 7, i % 5));
    }
    fs::write(at.join("w.csv"), words).unwrap();
    fs::write(at.join("n.csv"), numbers).unwrap();
    let recipe = |table: &str, more: &[&str]| {
        let mut args = vec!["hunt", table, "--json"];
        args.extend(more);
        let found: Value = serde_json::from_str(&output(at, &args)).unwrap();
        (found["settings"]["recipe"].as_str().unwrap().to_owned(), found["warnings"].to_string())
    };
    assert_eq!(recipe("w.csv", &[]).0, "lanner");
    assert_eq!(recipe("n.csv", &[]).0, "lanner");
    let (name, notes) = recipe("w.csv", &["--models", "HBOS"]);
    assert!(name == "classic" && notes.contains("--models"), "{name} {notes}");
    let own = "name = \"mine\"\ntitle = \"Mine\"\n[[column]]\nrole = \"principal\"\nfrom = [\"user\"]\n\
               [[column]]\nrole = \"action\"\nfrom = [\"host\"]\n";
    fs::write(at.join("mine.toml"), own).unwrap();
    assert_eq!(recipe("w.csv", &["--preset", "mine.toml"]).0, "lanner");
    for wrong in [["--recipe", "other"], ["--preset", "nosuch"], ["--preset", "cloudtrail"]] {
        let done = lanner(at).args(["hunt", "w.csv"]).args(wrong).output().unwrap();
        assert_eq!(done.status.code(), Some(2), "{wrong:?}");
    }
}

/// A table of words and numbers: one odd word, one odd number, one number missing.
#[test]
fn words_and_numbers_are_scored_together_and_their_queries_count_right() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    let mut table = String::from("service,user,bytes\n");
    for i in 0..400 {
        let bytes = 1000 + (i * 7919) % 613;
        table.push_str(&format!("s{},u{},{bytes}\n", i % 3, i % 7));
    }
    table.push_str("s1,u3,99999\ns2,zed,1300\ns0,u2,\ns0,u2,inf\n");
    fs::write(at.join("t.csv"), table).unwrap();
    output(at, &["hunt", "t.csv", "--out", "found", "--quiet"]);
    let first = "SELECT lanner_row FROM tuples JOIN events USING (service, \"user\", bytes) \
                 ORDER BY tuples.score DESC LIMIT 2";
    let mut rows: Vec<u64> = output(at, &["query", "found", first, "--format", "csv"])
        .lines()
        .skip(1)
        .map(|l| l.parse().unwrap())
        .collect();
    rows.sort_unstable();
    assert_eq!(rows, [400, 401]);
    let reasons = "SELECT reasons FROM tuples WHERE bytes = 99999";
    let cell = output(at, &["query", "found", reasons, "--format", "json"]);
    let cell: Value = serde_json::from_str(&cell).unwrap();
    let reasons: Value = serde_json::from_str(cell[0]["reasons"].as_str().unwrap()).unwrap();
    let number = reasons.as_array().unwrap().iter().find(|r| r["kind"] == "extreme").unwrap();
    assert_eq!((&number["count"], &number["total"]), (&Value::from(1), &Value::from(404)));
    let sql = number["sql"].as_str().unwrap();
    let counted = output(at, &["query", "found", sql, "--format", "csv"]);
    assert_eq!(counted.lines().nth(1), Some("1,404"));
    let manifest = fs::read_to_string(at.join("found/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert!(manifest.to_string().contains("2 null or non-finite numbers"), "{manifest:#}");
}
