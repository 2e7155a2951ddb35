#!/usr/bin/env python3
"""How right the forecast is: foreseen against measured seconds of every model.

    forecast.py --lanner PATH TABLE... [--models all] [--json out.json]

Asks `lanner forecast` first, then runs a classic hunt with `--no-forecast` on the same table. Counts the models that
were foreseen within a factor 2, or to need no trial (under a second) and needed none.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

FACTOR = 2.0
# Differences below this many seconds tell nothing.
SMALL = 0.25


def ask(command):
    """What a command prints as JSON."""
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def study(lanner, table, models):
    """One line a model: id, foreseen, measured, basis, right or not."""
    foreseen = ask([lanner, "forecast", table, "--models", models, "--json"])
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found"
        command = [lanner, "hunt", table, "--recipe", "classic", "--models", models, "--no-forecast", "--quiet"]
        subprocess.run(command + ["--out", str(out)], check=True, stderr=subprocess.DEVNULL)
        ran = {m["id"]: m for m in json.loads((out / "models.json").read_text())}
    lines = []
    for model in foreseen["models"]:
        seen, took = model["forecast"]["seconds"], ran[model["id"]]["fit_seconds"]
        if model["forecast"]["basis"] == "not_needed":
            right = took < FACTOR
        else:
            right = abs(seen - took) < SMALL or max(seen, took) <= FACTOR * min(seen, took)
        lines.append({"model": model["id"], "foreseen": seen, "took": took,
                      "basis": model["forecast"]["basis"], "samples": model["forecast"]["samples"],
                      "b": model["forecast"]["b"], "right": right, "status": ran[model["id"]]["status"]})
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+")
    parser.add_argument("--lanner", required=True)
    parser.add_argument("--models", default="all")
    parser.add_argument("--json", type=Path, help="keep all figures here")
    args = parser.parse_args()
    everything = {}
    for table in args.tables:
        lines = everything[table] = study(args.lanner, table, args.models)
        print(f"\n{Path(table).name}\n\n| model | foreseen s | took s | from | within a factor 2 |\n|---|---|---|---|---|")
        for line in lines:
            sight = "under 1" if line["basis"] == "not_needed" else f"{line['foreseen']:.1f}"
            rest = f"{len(line['samples'])} trials" if line["basis"] == "trials" else line["basis"].replace("_", " ")
            print(f"| {line['model']} | {sight} | {line['took']:.2f} | {rest} | {'yes' if line['right'] else 'no'} |")
        right = sum(line["right"] for line in lines)
        tried = [line for line in lines if line["basis"] != "not_needed"]
        print(f"\n{right} of {len(lines)} right; {sum(line['right'] for line in tried)} of the {len(tried)} foreseen in seconds")
    if args.json:
        args.json.write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
