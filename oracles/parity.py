"""Runs PyOD and a `lanner` binary side by side over a folder of Parquet tables.

Prints a line for each model and table, and exits with 1 where a bar is missed:

- exact: |ours - theirs| <= 1e-6 max(|theirs - median|, standard deviation) in every row (1e-3 for
  OCSVM, whose solver stops at a tolerance); for LOF, whose reference depends on ties, 0.1 standard
  deviations and a rank correlation of 0.99;
- seeded: the mean score over five seeds correlates in rank with PyOD's means over five seeds (three
  groups) as well as the oddest of them does with the others, less 0.05; and where there are labels,
  the mean AUC lies within the spread of PyOD's seeds, give or take 0.02.

Run by hand with the versions of requirements.txt.
"""

import argparse
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd
from reference import CASES
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

SLACK_RANK = 0.05
SLACK_AUC = 0.02
GROUPS = 3  # of five seeds each, of PyOD


def ours(args, case, table, seed):
    """Scores of the binary, in row order; the message it failed with otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "scores.csv"
        command = [args.lanner, "score", "--model", case.model, "--seed", str(seed)]
        for name, value in case.params.items():
            command += ["--param", f"{name}={value}"]
        command += [str(table), "--out", str(out)]
        if args.label in pd.read_parquet(table).columns:
            command += ["--drop", args.label]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise RuntimeError(lines[-1])
        return pd.read_csv(out)["score"].to_numpy()


def rank_correlation(a, b):
    """Spearman's; 1 where both columns are constant."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float(np.ptp(a) == np.ptp(b))
    return float(spearmanr(a, b).statistic)


def auc(labels, scores):
    usable = labels is not None and len(np.unique(labels)) == 2
    return roc_auc_score(labels, scores) if usable else float("nan")


def exact(case, mine, theirs, labels):
    spread = theirs.std()
    # Where all scores are equal, what is left are digits of rounding.
    scale = np.maximum(np.abs(theirs - np.median(theirs)), max(spread, 1e-300))
    scale = np.maximum(scale, 1e-6 * np.abs(theirs))
    scale = np.maximum(scale, case.params.get("tol", 0) / case.within)
    most = (np.abs(mine - theirs) / scale).max()
    alike = rank_correlation(mine, theirs)
    if case.model == "LOF":
        fine = np.abs(mine - theirs).max() <= 0.1 * spread and alike >= 0.99
    else:
        fine = most <= case.within
    return fine, f"off by {most:.1e}, rank {alike:.4f}", auc(labels, mine), auc(labels, theirs)


def seeded(mine, theirs, labels):
    """`mine`: five score columns, `theirs`: five for each group."""
    groups = [np.mean(theirs[5 * g:5 * g + 5], 0) for g in range(GROUPS)]
    alike = np.mean([rank_correlation(np.mean(mine, 0), group) for group in groups])
    split = min(np.mean([rank_correlation(a, b) for b in groups if b is not a]) for a in groups)
    own, peer = [auc(labels, s) for s in mine], [auc(labels, s) for s in theirs]
    fine = alike >= split - SLACK_RANK
    if not np.isnan(own[0]):
        fine &= min(peer) - SLACK_AUC <= np.mean(own) <= max(peer) + SLACK_AUC
    note = f"rank {alike:.4f}, of theirs at least {split:.4f}"
    return fine, note, np.mean(own), np.mean(peer)


def compare(args, case, table):
    """Whether the bar is met (None: nothing to compare), a note, and both AUCs."""
    frame = pd.read_parquet(table)
    labels = frame[args.label].to_numpy() if args.label in frame else None
    x = frame.drop(columns=args.label, errors="ignore").to_numpy(dtype=np.float64)
    try:
        if case.seeded:
            theirs = [case.fit(x, seed).decision_scores_ for seed in range(5 * GROUPS)]
        else:
            theirs = [case.fit(x).decision_scores_]
        if not np.isfinite(theirs).all():
            raise ValueError("scores that are not finite")
    except Exception as error:  # whatever the reference refuses with
        return None, f"reference: {str(error).splitlines()[0][:70]}", float("nan"), float("nan")
    try:
        mine = [ours(args, case, table, seed) for seed in range(5 if case.seeded else 1)]
    except RuntimeError as error:
        return False, f"lanner: {error}", float("nan"), float("nan")
    if len(mine[0]) != len(x):
        return False, f"{len(mine[0])} scores for {len(x)} rows", float("nan"), float("nan")
    if case.seeded:
        return seeded(mine, theirs, labels)
    return exact(case, mine[0], theirs[0], labels)


def quiet():
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lanner", help="the binary")
    parser.add_argument("tables", type=pathlib.Path, help="folder of .parquet tables of numbers")
    parser.add_argument("--model", action="append", help="only these models")
    parser.add_argument("--max-values", type=int, default=2_000_000,
                        help="skip tables of more rows x columns (default 2,000,000)")
    parser.add_argument("--label", default="label", help="column that is no feature (default label)")
    parser.add_argument("--jobs", type=int, default=1, help="comparisons side by side")
    args = parser.parse_args()
    quiet()
    tables, skipped = [], []
    for table in sorted(args.tables.glob("*.parquet")):
        shape = pd.read_parquet(table).shape
        (tables if shape[0] * shape[1] <= args.max_values else skipped).append(table)
    wanted = {m.lower() for m in args.model or []}
    cases = [c for c in CASES if not wanted or c.model.lower() in wanted]
    work = [(case, table) for case in cases for table in tables]
    missed = 0
    print(f"{'model':9} {'table':18} {'':6} {'AUC ours':>8} {'theirs':>7}  comparison")
    with concurrent.futures.ProcessPoolExecutor(args.jobs, initializer=quiet) as pool:
        results = pool.map(compare, [args] * len(work), *zip(*work))
        for (case, table), (fine, note, own, peer) in zip(work, results):
            word = {True: "ok", False: "MISSED", None: "-"}[fine]
            missed += word == "MISSED"
            given = ",".join(f"{k}={v}" for k, v in case.params.items())
            print(f"{case.model:9} {table.stem:18} {word:6} {own:8.4f} {peer:7.4f}  {note} {given}",
                  flush=True)
    for table in skipped:
        print(f"skipped (larger than --max-values): {table.stem}")
    print(f"{missed} of {len(work)} missed")
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
