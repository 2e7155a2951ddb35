#!/usr/bin/env python3
"""Are the reasons faithful? Changes the data, hunts again, and looks at the score.

    faithful.py --lanner PATH TABLE.parquet [--top 100] [--seed 1]

For each of the strangest tuples of a CloudTrail table, the field that the first reason speaks about is made
ordinary in the data itself (the other value that is most common among the rows that are most alike in the other
fields), and the whole hunt is run again. The same is done with another field, drawn at random. A reason is
faithful when the first lowers the score more. This asks the whole recipe, not the estimate that the reasons were
sorted by.
"""

import argparse
import json
import random
import subprocess
import tempfile
from pathlib import Path

import pandas as pd

# The columns of a table that stand behind what a reason speaks about.
RAW = {
    "principal": ["userIdentity.arn"],
    "role": ["userIdentity.arn"],
    "network": ["sourceIPAddress"],
    "agent": ["userAgent"],
    "action": ["eventSource", "eventName"],
}
FIELDS = ["userIdentity.arn", "sourceIPAddress", "userAgent", "eventSource", "eventName"]


def hunt(lanner, table, top):
    """The strangest tuples, as the command prints them for machines."""
    command = [lanner, "hunt", str(table), "--json", "--top", str(top)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def key(fields):
    """What tells a tuple apart."""
    return tuple(fields[name] for name in FIELDS)


def ordinary(frame, row, columns):
    """The most common other values of columns among the rows that are most alike in everything else."""
    others = [names for role, names in RAW.items() if role != "role" and names != columns]
    alike = sum((frame[names] == row[names]).all(axis=1).astype(int) for names in others)
    rest = ~(frame[columns] == row[columns]).all(axis=1)
    nearest = frame[rest & (alike == alike[rest].max())]
    return nearest[columns].value_counts().index[0]


def changed(args, frame, fields, columns, folder):
    """The score of the rows of a tuple, once columns of theirs are ordinary."""
    mask = pd.Series(True, index=frame.index)
    for name in FIELDS:
        mask &= frame[name].isna() if fields[name] is None else frame[name] == fields[name]
    value = ordinary(frame, frame[mask].iloc[0], columns)
    other = frame.copy()
    for name, v in zip(columns, value):
        other.loc[mask, name] = v
    path = folder / "changed.parquet"
    other.to_parquet(path, index=False)
    now = dict(fields) | dict(zip(columns, value))
    found = {key(t["fields"]): t["score"] for t in hunt(args.lanner, path, 1_000_000)["strangest"]}
    return found[key(now)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--lanner", required=True)
    parser.add_argument("--top", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    draw = random.Random(args.seed)
    frame = pd.read_parquet(args.table)
    faithful, asked, unnamed = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for tuple_ in hunt(args.lanner, args.table, args.top)["strangest"]:
            spoken = [r["fields"][0].removeprefix("lanner_") for r in tuple_["reasons"] if r["fields"]]
            if not spoken:
                unnamed += 1
                continue
            first = RAW[spoken[0]]
            other = draw.choice([n for n, columns in RAW.items() if columns != first and n != "role"])
            scores = [changed(args, frame, tuple_["fields"], c, Path(folder)) for c in (first, RAW[other])]
            asked += 1
            faithful += scores[0] < scores[1]
            print(f"{asked}: {spoken[0]} {tuple_['score']:.2f} -> {scores[0]:.2f}, {other} -> {scores[1]:.2f}", flush=True)
    print(f"{args.table.name}: faithful {faithful} of {asked} ({100 * faithful / max(asked, 1):.0f} %); "
          f"{unnamed} tuples have no reason about a field")


if __name__ == "__main__":
    main()
