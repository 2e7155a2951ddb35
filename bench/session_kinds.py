#!/usr/bin/env python3
"""Plants sessions in generated Windows logs, hunts them, and prints which kinds are found and for what.

    session_kinds.py --lanner PATH [--seeds 5] [--sessions 400] [--attacks 12]

Three ways look at the same logs: the reference (timeline sessions, LOF), LOF over logon sessions, and the
ensemble over logon sessions. The exit status is 1 if the ensemble finds fewer of a kind than the reference, or
a found session does not name what was planted.
"""

import argparse
import collections
import csv
import datetime
import json
import subprocess
import sys
import tempfile
from pathlib import Path

# What of a session each kind of attack is meant to change, by the names of the features.
MARKS = {
    "brute_force": {"failed_logons"},
    "night_logon": {"off_hours"},
    "persistence": {"unique_tasks", "unique_services"},
    "new_admin": {"admin_added", "user_created"},
    "log_clearing": {"logs_cleared"},
    "hands_on": {"unique_tasks", "unique_services", "admin_added", "successful_logons", "total_events"},
}
WAYS = ("reference", "LOF", "ensemble")


def run(*command):
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


def sessions(folder):
    with open(folder / "sessions.jsonl") as lines:
        return [json.loads(line) for line in lines]


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def beginning(found, planted):
    """The session of that account that begins when the planted one does."""
    near = lambda row: abs(seconds(row["start"]) - seconds(planted["start"])) <= 5
    own = lambda row: row["host"] == planted["computer"] and row["user"] == planted["user"]
    return next((row for row in found if own(row) and near(row)), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lanner", required=True)
    parser.add_argument("--seeds", type=int, default=5, help="logs to generate, seeds 1 and up")
    parser.add_argument("--sessions", type=int, default=400)
    parser.add_argument("--attacks", type=int, default=12)
    args = parser.parse_args()
    planted, unnamed = collections.Counter(), 0
    found = {way: collections.Counter() for way in WAYS}
    reasons = collections.defaultdict(collections.Counter)
    flagged, total = collections.Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, args.seeds + 1):
            logs, by_logon, by_time = (Path(folder, f"{name}{seed}") for name in ("logs", "logon", "time"))
            run(args.lanner, "sample", "windows", "--sessions", args.sessions, "--attacks", args.attacks,
                "--seed", seed, "--out", logs)
            run(args.lanner, "sessions", logs, "--ensemble", "--quiet", "--out", by_logon)
            run(args.lanner, "sessions", logs, "--builder", "timeline", "--quiet", "--out", by_time)
            logon, timeline = sessions(by_logon), sessions(by_time)
            total += len(logon)
            flagged["ensemble"] += sum(row["ensemble"]["flagged"] for row in logon)
            flagged["LOF"] += sum(row["flagged"] for row in logon)
            flagged["reference"] += sum(row["flagged"] for row in timeline)
            with open(logs / "truth.csv") as truth:
                attacks = [row for row in csv.DictReader(truth) if row["planted"]]
            for attack in attacks:
                kind = attack["planted"]
                planted[kind] += 1
                row, old = beginning(logon, attack), beginning(timeline, attack)
                found["reference"][kind] += bool(old and old["flagged"])
                found["LOF"][kind] += bool(row and row["flagged"])
                if row and row["ensemble"]["flagged"]:
                    found["ensemble"][kind] += 1
                    named = [reason["feature"] for reason in row["ensemble"]["reasons"]]
                    reasons[kind].update(named)
                    unnamed += not MARKS[kind] & set(named)
    print("| planted | sessions | reference | LOF | ensemble | reasons of the ensemble (sessions that name them) |")
    print("|---|---|---|---|---|---|")
    for kind in MARKS:
        why = ", ".join(f"{name} {n}" for name, n in reasons[kind].most_common(5))
        print(f"| {kind} | {planted[kind]} | " + " | ".join(str(found[way][kind]) for way in WAYS) + f" | {why} |")
    print(f"| flagged in all | {total} | " + " | ".join(str(flagged[way]) for way in WAYS) + " | |")
    worse = [kind for kind in MARKS if found["ensemble"][kind] < found["reference"][kind]]
    if worse or unnamed:
        sys.exit(f"fewer than the reference: {worse}; found for another reason: {unnamed}")


if __name__ == "__main__":
    main()
