//! `lanner sessions`: from generated EVTX files to sessions, findings and a page.

use crate::{lanner, number, output, query};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::tempdir;

/// Generated logs in `logs`.
fn logs(at: &Path, sessions: &str, attacks: &str) {
    output(
        at,
        &[
            "sample",
            "windows",
            "--sessions",
            sessions,
            "--attacks",
            attacks,
            "--seed",
            "2",
            "--out",
            "logs",
        ],
    );
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// Ends with `code` and a line with every one of `words`.
fn refused(at: &Path, args: &[&str], code: i32, words: &[&str]) {
    let done = lanner(at).args(args).output().unwrap();
    let text = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(code), "{args:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{args:?}: no {word:?} in {text}");
    }
    assert_eq!(text.lines().filter(|l| l.starts_with("error:")).count(), 1, "{text}");
}

#[test]
fn planted_sessions_are_found_and_everything_adds_up() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    logs(at, "150", "6");
    let summary = output(at, &["sessions", "logs", "--ensemble", "--out", "found"]);
    assert!(summary.contains("not primary evidence"), "{summary}");
    assert!(summary.contains("builder logon"), "{summary}");
    let found = at.join("found");
    let manifest = json(&found.join("manifest.json"));
    let inputs = &manifest["inputs"];
    let sum: u64 = ["used", "other", "rejected"].iter().map(|k| inputs[*k].as_u64().unwrap()).sum();
    assert_eq!(inputs["read"].as_u64(), Some(sum));
    assert_eq!(inputs["files"].as_array().unwrap().len(), 5);
    assert!(inputs["skipped"][0]["path"].as_str().unwrap().ends_with("truth.csv"));
    assert!(manifest["checks"].as_array().unwrap().iter().all(|c| c["ok"] == true));
    for file in manifest["outputs"].as_array().unwrap() {
        let bytes = fs::metadata(found.join(file["name"].as_str().unwrap())).unwrap().len();
        assert_eq!(Some(bytes), file["bytes"].as_u64());
    }
    // Every planted session is among the sessions, and the ensemble flags it.
    let rows = lines(&found.join("sessions.jsonl"));
    assert_eq!(rows.len(), 150);
    let truth = fs::read_to_string(at.join("logs/truth.csv")).unwrap();
    let planted: Vec<&str> = truth.lines().skip(1).filter(|l| !l.ends_with(',')).collect();
    assert_eq!(planted.len(), 6);
    for line in planted {
        let fields: Vec<&str> = line.split(',').collect();
        let row = rows.iter().find(|r| {
            r["user"] == fields[3] && r["start"].as_str().unwrap()[..19] == fields[0][..19]
        });
        let row = row.unwrap_or_else(|| panic!("no session of {line}"));
        assert_eq!(row["ensemble"]["flagged"], true, "{line}: {row:#}");
        let marks: &[&str] = match fields[5] {
            "brute_force" => &["failed_logons"],
            "night_logon" => &["off_hours"],
            "new_admin" => &["admin_added", "user_created"],
            "log_clearing" => &["logs_cleared"],
            _ => &["unique_tasks", "unique_services"],
        };
        let reasons = row["ensemble"]["reasons"].as_array().unwrap();
        let named = reasons.iter().any(|r| marks.contains(&r["feature"].as_str().unwrap()));
        assert!(named, "{line}: {reasons:?}");
    }
    let findings = json(&found.join("findings.json"));
    let findings = findings.as_array().unwrap();
    let of = |rule: &str| findings.iter().filter(|f| f["rule"] == rule).count();
    let flagged = rows.iter().filter(|r| r["flagged"] == true).count();
    assert_eq!(of("Statistical Session Anomaly (ML)"), flagged);
    assert_eq!(of("Session Unlike Its Peers (ensemble)"), findings.len() - flagged);
    let page = fs::read_to_string(found.join("report.html")).unwrap();
    assert!(page.contains("default-src 'none'") && page.contains("not primary evidence"));
    assert_eq!(page.matches("<script").count(), 1, "our own");
}

#[test]
fn the_folder_can_be_asked_and_drawn_again() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    logs(at, "40", "4");
    output(at, &["sessions", "logs", "--out", "found", "--quiet"]);
    assert_eq!(number(at, "found", "SELECT count(*) AS n FROM sessions"), 40.0);
    let linked =
        number(at, "found", "SELECT count(*) AS n FROM events WHERE session_id IS NOT NULL");
    assert_eq!(linked, number(at, "found", "SELECT sum(total_events) AS n FROM sessions"));
    let rows = query(
        at,
        "found",
        "SELECT e.event_id, e.meaning, e.user, e.data FROM events e JOIN sessions s \
         ON e.session_id = s.session_id WHERE e.event_id = 1102 AND e.correlation = 'in_session'",
    );
    assert_eq!(rows.len(), 0, "four attacks have no log_clearing: {rows:?}");
    let first = fs::read(at.join("found/report.html")).unwrap();
    output(at, &["report", "found"]);
    assert!(first == fs::read(at.join("found/report.html")).unwrap());
    refused(at, &["query", "found", "SELECT * FROM tuples"], 2, &["tuples"]);
    refused(at, &["sessions", "logs", "--out", "found"], 2, &["exists"]);
    output(
        at,
        &["sessions", "logs", "--out", "found", "--force", "--builder", "timeline", "--quiet"],
    );
    assert_eq!(json(&at.join("found/manifest.json"))["settings"]["builder"], "timeline");
}

/// Clock times are in the manifest and in one element of the page; all else is the same.
#[test]
fn outputs_do_not_depend_on_threads() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    logs(at, "60", "6");
    for threads in ["1", "2", "7"] {
        output(
            at,
            &["sessions", "logs", "--ensemble", "--out", threads, "--threads", threads, "--quiet"],
        );
    }
    for file in ["sessions.jsonl", "sessions.parquet", "findings.json", "events.parquet"] {
        let one = fs::read(at.join("1").join(file)).unwrap();
        assert!(one == fs::read(at.join("2").join(file)).unwrap(), "{file} differs at 2 threads");
        assert!(one == fs::read(at.join("7").join(file)).unwrap(), "{file} differs at 7 threads");
    }
}

/// A session as JSON events: a logon over RDP from an address, and a logoff.
fn session(number: u64, minutes: u64, user: &str) -> Vec<String> {
    let event = |id: u64, minute: u64, kind: &str| {
        format!(
            r##"{{"Event":{{"System":{{"Provider":{{"#attributes":{{"Name":"Microsoft-Windows-Security-Auditing"}}}},"EventID":{id},"TimeCreated":{{"#attributes":{{"SystemTime":"2026-03-02T{:02}:{minute:02}:00Z"}}}},"EventRecordID":{},"Channel":"Security","Computer":"TS01"}},"EventData":{{"TargetUserName":"{user}","TargetUserSid":"S-1-5-21-1-2-3-1104","TargetLogonId":"{:#x}","LogonType":10{kind}}}}}}}"##,
            8 + number,
            number * 10 + id % 10,
            0x1000 + number,
        )
    };
    vec![event(4624, 0, r#","IpAddress":"10.0.0.9""#), event(4634, minutes, "")]
}

#[test]
fn exports_as_json_are_read_and_damage_is_counted() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    let mut text = Vec::new();
    for number in 0..6 {
        text.extend(session(number, 10 + number, "<b>ann</b>\u{202e}"));
    }
    fs::write(at.join("export.jsonl"), text.join("\n")).unwrap();
    output(at, &["sessions", "export.jsonl", "--out", "found", "--quiet"]);
    let rows = lines(&at.join("found/sessions.jsonl"));
    assert_eq!(rows.len(), 6);
    assert_eq!(
        (&rows[3]["duration"], &rows[3]["source_ip"]),
        (&Value::from(780.0), &Value::from("10.0.0.9"))
    );
    let page = fs::read_to_string(at.join("found/report.html")).unwrap();
    assert!(!page.contains("<b>ann") && !page.contains('\u{202e}'), "log text is escaped");
    // The same as one list, with a broken record in it.
    text[1].push_str("}, {\"broken\": ");
    fs::write(at.join("list.json"), format!("[{}]", text.join(",\n"))).unwrap();
    refused(at, &["sessions", "list.json"], 3, &["rejected", "--max-rejects"]);
}

#[test]
fn few_sessions_are_said_and_what_is_no_log_is_one_clear_line() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    fs::write(
        at.join("three.jsonl"),
        (0..3).flat_map(|n| session(n, 30, "ann")).collect::<Vec<_>>().join("\n"),
    )
    .unwrap();
    let summary = output(at, &["sessions", "three.jsonl", "--out", "found"]);
    assert!(summary.contains("Only 3 sessions"), "{summary}");
    let rows = lines(&at.join("found/sessions.jsonl"));
    assert!(rows.iter().all(|r| r["lof_score"].is_null() && r["flagged"] == false));
    assert_eq!(json(&at.join("found/findings.json")), Value::Array(Vec::new()));

    fs::write(at.join("t.csv"), "a,b\n1,2\n").unwrap();
    fs::write(at.join("old.evtx"), b"\x30\0\0\0LfLe\x01\0\0\0\x01\0\0\0").unwrap();
    fs::write(at.join("other.json"), "{\"user\": \"ann\"}\n").unwrap();
    let sysmon = session(0, 30, "ann")[0].replace("Security-Auditing", "Sysmon");
    fs::write(at.join("sysmon.jsonl"), sysmon).unwrap();
    fs::write(at.join("empty.evtx"), "").unwrap();
    refused(at, &["sessions", "t.csv"], 1, &["t.csv", "CSV", "EVTX"]);
    refused(at, &["sessions", "old.evtx"], 1, &["old.evtx"]);
    refused(at, &["sessions", "other.json"], 1, &["other.json", "no event"]);
    refused(at, &["sessions", "sysmon.jsonl"], 1, &["none of the 1 events", "Security"]);
    refused(at, &["sessions", "empty.evtx"], 1, &["no record"]);
    refused(at, &["sessions", "nothing.evtx"], 1, &["nothing.evtx"]);
    refused(at, &["sessions", "three.jsonl", "--tz", "Mars/Base"], 2, &["Mars/Base"]);
    fs::create_dir(at.join("in")).unwrap();
    fs::copy(at.join("three.jsonl"), at.join("in/three.jsonl")).unwrap();
    refused(at, &["sessions", "in", "--out", "in/found"], 2, &["inside"]);
}

/// What is lost and what was mended is told with its place, and which records are lost.
#[test]
fn damage_is_told_as_an_investigator_needs_it() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    logs(at, "150", "6");
    let host = fs::read_dir(at.join("logs")).unwrap().map(|e| e.unwrap().path());
    let mut hosts: Vec<PathBuf> = host.filter(|p| p.is_dir()).collect();
    hosts.sort();
    let security = hosts[0].join("Security.evtx");
    let sound = fs::read(&security).unwrap();
    let (header, chunk) = (4096, 65536);
    assert!(sound.len() > header + 3 * chunk, "{} bytes", sound.len());
    let security = security.to_string_lossy().into_owned();
    let mut bytes = sound.clone();
    // The size of the first record, the magic of the second chunk, the end of the third.
    bytes[header + 516] ^= 0xff;
    bytes[header + chunk..header + chunk + 8].fill(0);
    bytes.truncate(header + 2 * chunk + chunk / 2);
    fs::write(&security, &bytes).unwrap();
    let args = ["sessions", &security, "--max-rejects", "100"];
    let summary = output(at, &args);
    for words in [
        "record 0 at byte 4608: a damaged record (chunk 0)",
        "\n            and record ",
        "the file ends inside the chunk",
        "noted in ",
        "chunks read although their magic is damaged (1)",
    ] {
        assert!(summary.contains(words), "no {words:?} in {summary}");
    }
    let fields = output(at, &["fields", &security]);
    assert!(
        fields.contains(" rejects in 1 file") && fields.contains("a damaged record"),
        "{fields}"
    );
    fs::write(at.join("header.evtx"), &sound[..header]).unwrap();
    let why = ["could be read", "the file ends before the chunk", "header.evtx"];
    refused(at, &["sessions", "header.evtx"], 1, &why);
    refused(at, &["fields", "header.evtx"], 1, &why);
}

/// An export of two hosts, with the answers of another program that knows only the rules
/// (`oracles/make_sessions.py`).
#[test]
fn the_reference_is_reproduced_on_an_export() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/sessions");
    let events = format!("{fixtures}/events.jsonl");
    let dir = tempdir().unwrap();
    let at = dir.path();
    output(at, &["sessions", "--builder", "timeline", &events, "--out", "found", "--quiet"]);
    let rows = lines(&at.join("found/sessions.jsonl"));
    let wanted = json(&Path::new(fixtures).join("answers.json"));
    let expected = wanted["sessions"].as_array().unwrap();
    assert_eq!(rows.len(), expected.len());
    for (row, want) in rows.iter().zip(expected) {
        assert_eq!(row["host"], want["host"]);
    }
    compare("export", &rows, &wanted);
    assert!(rows.iter().any(|r| r["flagged"] == true));
    // Every counted event is in one session at most, and each says how it came there.
    let ways = query(
        at,
        "found",
        "SELECT correlation, count(*) AS n FROM events WHERE session_id IS NOT NULL GROUP BY 1 ORDER BY 1",
    );
    let ways: Vec<&str> = ways.iter().map(|w| w["correlation"].as_str().unwrap()).collect();
    assert_eq!(ways, ["grace_after", "grace_before", "in_session"]);
}

/// The sets of the shared data with their expected sessions, features, factors and flags.
#[test]
fn the_reference_is_reproduced_on_shared_logs() {
    let Some(answers) = crate::shared_data::data("evtx/expected_sessions.json") else { return };
    let root = Path::new(&answers).parent().unwrap().to_path_buf();
    let answers = json(Path::new(&answers));
    let dir = tempdir().unwrap();
    let at = dir.path();
    let mut compared = 0;
    for (set, answer) in answers["answers"].as_object().unwrap() {
        let wanted = &answer["intended"];
        let expected = wanted["sessions"].as_array().unwrap();
        if expected.is_empty() {
            continue;
        }
        let files =
            answer["files"].as_object().unwrap().values().map(|f| root.join(f.as_str().unwrap()));
        let files: Vec<String> = files.map(|f| f.to_string_lossy().into_owned()).collect();
        let out = compared.to_string();
        let mut args = vec![
            "sessions",
            "--builder",
            "timeline",
            "--quiet",
            "--max-rejects",
            "100",
            "--out",
            &out,
        ];
        args.extend(files.iter().map(String::as_str));
        output(at, &args);
        let rows = lines(&at.join(&out).join("sessions.jsonl"));
        assert_eq!(rows.len(), expected.len(), "{set}");
        compare(set, &rows, wanted);
        compared += 1;
    }
    assert!(compared > 3);
}

fn compare(set: &str, rows: &[Value], wanted: &Value) {
    let time = |v: &Value| v.as_str().map(|t| t.parse::<jiff::Timestamp>().unwrap());
    let lof = &wanted["lof"];
    let exact = lof["duplicate_rows"] == 0;
    for (i, (row, want)) in rows.iter().zip(wanted["sessions"].as_array().unwrap()).enumerate() {
        for key in ["start", "end"] {
            assert_eq!(time(&row[key]), time(&want[key]), "{set} {i} {key}");
        }
        for key in ["user", "source_ip", "end_reason"] {
            assert_eq!(row[key], want[key], "{set} {i} {key}");
        }
        for (name, want) in want["features"].as_object().unwrap() {
            let (got, want) = (row[name].as_f64().unwrap(), want.as_f64().unwrap());
            assert!((got - want).abs() <= 1e-6, "{set} {i} {name}: {got} instead of {want}");
        }
        if lof.is_null() {
            assert!(row["lof_score"].is_null(), "{set} {i}");
            continue;
        }
        let (got, want) = (row["lof_score"].as_f64().unwrap(), -lof["scores"][i].as_f64().unwrap());
        assert!(!exact || (got - want).abs() <= 1e-6 * want, "{set} {i}: {got} instead of {want}");
        let flagged = lof["flagged"].as_array().unwrap().contains(&Value::from(i));
        assert_eq!(row["flagged"], flagged, "{set} {i}");
        if flagged && !lof["reasons"].is_null() {
            let reasons = lof["reasons"][i.to_string()].as_array().unwrap();
            let reasons: Vec<&str> = reasons.iter().map(|r| r.as_str().unwrap()).collect();
            assert_eq!(row["explanation"], reasons.join(" | "), "{set} {i}");
        }
    }
}
