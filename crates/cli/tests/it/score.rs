//! `lanner score`: one model over a table.

use crate::{lanner, output};
use std::fs;
use tempfile::tempdir;

/// Twenty points on a line and one far away.
fn table() -> String {
    let mut text = String::from("x,y,label\n");
    for i in 0..20 {
        text.push_str(&format!("{},{},0\n", f64::from(i) / 10.0, f64::from(i % 5)));
    }
    text + "50,-40,1\n"
}

#[test]
fn every_model_scores_every_row_in_order() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    fs::write(at.join("t.csv"), table()).unwrap();
    for entry in ["KNN", "AvKNN", "IForest", "COPOD", "ECOD", "HBOS", "GMM", "INNE", "CD", "ROD"] {
        output(
            at,
            &[
                "score",
                "--model",
                entry,
                "t.csv",
                "--drop",
                "label",
                "--contamination",
                "0.05",
                "--out",
                "s.csv",
            ],
        );
        let text = fs::read_to_string(at.join("s.csv")).unwrap();
        let scores: Vec<f64> =
            text.lines().skip(1).map(|l| l.split(',').next().unwrap().parse().unwrap()).collect();
        assert_eq!(scores.len(), 21, "{entry}");
        let last = scores[20];
        assert!(scores[..20].iter().all(|&s| s <= last), "{entry}: {scores:?}");
    }
}

#[test]
fn new_rows_are_scored_against_the_fitted_ones() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    fs::write(at.join("train.csv"), table()).unwrap();
    fs::write(at.join("new.csv"), "x,y\n0.5,1\n900,900\n").unwrap();
    let args = ["score", "--model", "KNN", "--fit", "train.csv", "new.csv"];
    let text = output(at, &args);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "score,label");
    assert!(lines[1].ends_with(",0") && lines[2].ends_with(",1"), "{text}");
}

/// The far row is odd in x alone; an exact and a model-free way say so.
#[test]
fn the_odd_column_carries_the_score() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    let mut text = String::from("x,y\n");
    for i in 0..40 {
        text.push_str(&format!("{},{}\n", f64::from(i % 8) / 10.0, f64::from(i % 5)));
    }
    fs::write(at.join("t.csv"), text + "50,2\n").unwrap();
    for model in ["KNN", "GMM"] {
        let args = ["score", "--model", model, "t.csv", "--contamination", "0.02", "--explain"];
        let text = output(at, &args);
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("score,label,\"share_x\",\"share_y\""));
        let last: Vec<&str> = lines.next_back().unwrap().split(',').collect();
        let share = |j: usize| last[j].parse::<f64>().unwrap();
        assert!(last[1] == "1" && share(2) > 0.9 && share(3) < 0.1, "{model}: {last:?}");
        assert!(lines.all(|l| l.ends_with(",0,,")), "{model}: {text}");
    }
}

#[test]
fn a_table_without_numbers_is_refused() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    fs::write(at.join("t.csv"), "a\nx\ny\n").unwrap();
    let done = lanner(at).args(["score", "--model", "KNN", "t.csv"]).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
}
