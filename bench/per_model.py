#!/usr/bin/env python3
"""Runs every model of PyOD and of Lanner on three inputs, one process each, side by side in one run.

    per_model.py --lanner PATH --out DIR [--models KNN,LOF] [--inputs codes,rows,wide] [--limit 300]

Inputs: `codes` are the category codes of five fields of 300,000 generated CloudTrail rows (about 12,000
distinct), `rows` 300,000 x 5 and `wide` 20,000 x 50 numbers of a mixture of normals without duplicates.

PyOD is timed inside its process: reading the table, fit and predict as notebooks run both, writing scores and labels,
once it has imported and compiled everything (a small fit comes first). Lanner is timed as a whole process, `lanner
score`, which does the same. Seconds are user + system CPU and wall. Results are added to DIR/per_model.jsonl as they come; the table
is drawn from it at the end, and an interrupted run goes on where it was.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "oracles"))
from measure import run  # noqa: E402
from reference import CASES  # noqa: E402

FIELDS = ["sourceIPAddress", "eventSource", "eventName", "userAgent", "userIdentity.arn"]


def first_cases():
    """The first case of each model: its defaults."""
    cases = {}
    for case in CASES:
        cases.setdefault(case.model, case)
    return cases


def make(name, lanner, folder):
    """Writes an input and gives its path."""
    path = folder / f"{name}.parquet"
    if path.exists():
        return path
    if name == "codes":
        trail = folder / "trail.parquet"
        command = [lanner, "sample", "cloudtrail", "--rows", "300000", "--seed", "1", "--out", str(trail)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        frame = pd.read_parquet(trail, columns=FIELDS)
        x = np.column_stack([frame[f].astype("category").cat.codes for f in FIELDS])
    else:
        n, d = (300_000, 5) if name == "rows" else (20_000, 50)
        rng = np.random.default_rng(7)
        centres = rng.normal(0, 4, (6, d))
        x = centres[rng.integers(0, 6, n)] + rng.normal(0, 1, (n, d))
    frame = pd.DataFrame(x.astype(np.float64), columns=[f"x{i}" for i in range(x.shape[1])])
    frame.to_parquet(path, index=False)
    return path


def peer(model, path):
    """Fits and predicts in this process and prints what it took."""
    import warnings

    warnings.simplefilter("ignore")
    case = first_cases()[model]
    small = np.random.default_rng(1).normal(size=(200, pd.read_parquet(path).shape[1]))
    try:
        case.fit(small, 1 if case.seeded else None).predict(small[:50])
    except ValueError:
        pass  # the small fit only warms up
    wall, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    x = pd.read_parquet(path).to_numpy(np.float64)
    fitted = case.fit(x, 1 if case.seeded else None)
    labels = fitted.predict(x)
    pd.DataFrame({"score": fitted.decision_scores_, "label": labels}).to_csv(os.devnull, index=False)
    now = resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps({"cpu": cpu, "wall": time.perf_counter() - wall}))


def one(who, model, name, path, args):
    """One line of results."""
    line = {"who": who, "model": model, "input": name}
    if who == "pyod":
        command = [sys.executable, __file__, "--peer", model, str(path)]
        took, out, last = run(command, args.peer_limit)
        line |= took | {"limit": args.peer_limit}
        if took["status"] == "ran":
            line |= json.loads(out.strip().splitlines()[-1])
    else:
        command = [args.lanner, "score", "--model", model, str(path), "--out", os.devnull]
        case = first_cases().get(model)
        for key, value in (case.params if case else {}).items():
            command += ["--param", f"{key}={value}"]
        command[command.index(os.devnull)] = str(args.out / "scores.csv")
        (args.out / "scores.csv").unlink(missing_ok=True)
        took, _, last = run(command, args.limit)
        line |= took | {"limit": args.limit}
    if line["status"] == "failed":
        line["why"] = last[:160]
    return line


def table(results):
    """A Markdown table for each input, with ratios of CPU seconds."""
    text = []
    for name in dict.fromkeys(r["input"] for r in results):
        here = {(r["who"], r["model"]): r for r in results if r["input"] == name}
        text += [f"\n### {name}\n",
                 "| model | PyOD CPU s | Lanner CPU s | ratio | PyOD wall s | Lanner wall s | PyOD MiB | Lanner MiB |",
                 "|---|---|---|---|---|---|---|---|"]
        ratios = []
        for model in dict.fromkeys(m for _, m in here):
            def show(who, key, form="{:.2f}"):
                r = here.get((who, model))
                if r is None or r["status"] == "failed":
                    return "failed" if r else ""
                return f"> {r['limit']:.0f}" if r["status"] == "over" else form.format(r[key])
            a, b = here.get(("pyod", model)), here.get(("lanner", model))
            ratio = ""
            if a and b and b["status"] == "ran" and a["status"] != "failed":
                least = a["cpu"] / b["cpu"]
                ratio = f"{least:.1f}" if a["status"] == "ran" else f"> {least:.0f}"
                if a["status"] == "ran":
                    ratios.append(least)
            cells = [show("pyod", "cpu"), show("lanner", "cpu"), ratio, show("pyod", "wall"),
                     show("lanner", "wall"), show("pyod", "peak", "{:.0f}"), show("lanner", "peak", "{:.0f}")]
            text.append(f"| {model} | " + " | ".join(cells) + " |")
        if ratios:
            mean = np.exp(np.mean(np.log(ratios)))
            text.append(f"\nGeometric mean of the CPU ratios where PyOD finished ({len(ratios)} models): {mean:.1f}")
        for r in here.values():
            if r["status"] == "failed":
                text.append(f"\n{r['who']} {r['model']}: {r['why']}")
    return "\n".join(text)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lanner", required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for inputs and results")
    parser.add_argument("--models", help="with commas [default: all]")
    parser.add_argument("--inputs", default="codes,rows,wide")
    parser.add_argument("--limit", type=float, default=300, help="wall seconds for Lanner's processes")
    parser.add_argument("--peer-limit", type=float, default=300, help="the same for PyOD's")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    log = args.out / "per_model.jsonl"
    results = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    known = {(r["who"], r["model"], r["input"]) for r in results}
    models = args.models.split(",") if args.models else list(first_cases())
    for name in args.inputs.split(","):
        path = make(name, args.lanner, args.out)
        for model in models:
            for who in ("lanner", "pyod"):
                if (who, model, name) in known:
                    continue
                line = one(who, model, name, path, args)
                results.append(line)
                with log.open("a") as file:
                    file.write(json.dumps(line) + "\n")
                print(json.dumps(line), flush=True)
    print(table(results))


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--peer":
        peer(sys.argv[2], sys.argv[3])
    else:
        main()
