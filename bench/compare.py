#!/usr/bin/env python3
"""Runs the notebook's way and Lanner on the same table, one after the other, and prints the ratio.

    compare.py --lanner PATH TABLE.parquet [--runs 3]
"""

import argparse
import sys
import tempfile
from pathlib import Path

from measure import run


def measured(command):
    """Wall seconds, CPU seconds and peak MiB of a command, and what it printed."""
    took, out, last = run(command, 36_000)
    if took["status"] != "ran":
        sys.exit(f"{command[0]} failed: {last}")
    return took["wall"], took["cpu"], took["peak"], out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lanner", required=True)
    parser.add_argument("--runs", type=int, default=3, help="runs of Lanner; the median is taken")
    parser.add_argument("table")
    args = parser.parse_args()
    here = Path(__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        peer = [sys.executable, str(here / "notebook_way.py"), args.table, f"{folder}/peer.csv"]
        wall, cpu, peak, text = measured(peer)
        print(text, end="")
        runs = []
        for i in range(args.runs):
            ours = [args.lanner, "hunt", args.table, "--recipe", "classic"]
            ours += ["--out", f"{folder}/{i}", "--quiet"]
            runs.append(measured(ours)[:3])
        runs.sort()
        ours = runs[len(runs) // 2]
    print(f"\n{'':16}{'wall s':>10}{'CPU s':>10}{'peak MiB':>10}")
    print(f"{'notebook way':16}{wall:10.2f}{cpu:10.2f}{peak:10.0f}")
    print(f"{'lanner':16}{ours[0]:10.2f}{ours[1]:10.2f}{ours[2]:10.0f}")
    print(f"{'ratio':16}{wall / ours[0]:10.1f}{cpu / ours[1]:10.1f}{peak / ours[2]:10.1f}")


if __name__ == "__main__":
    main()
