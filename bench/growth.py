#!/usr/bin/env python3
"""Rows against time: a classic hunt of 13 models, a lanner hunt, and the notebook's way, on growing trails.

    growth.py --lanner PATH --out DIR [--rows 1000,10000,100000,1000000,10000000] [--peer-limit 300] [--plot FILE.svg]

The trails are generated (`lanner sample cloudtrail`, a Parquet file each). The notebook's way is run as long as the
size before took less than a tenth of the limit. Prints a table; `--plot` draws it (needs matplotlib).
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from measure import run


def trail(lanner, rows, folder):
    """A generated trail of so many rows."""
    path = folder / f"trail{rows}.parquet"
    if not path.exists():
        command = [lanner, "sample", "cloudtrail", "--rows", str(rows), "--seed", "1", "--out", str(path)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return path


def hunt(lanner, table, recipe, folder):
    """What a hunt with all outputs took, and its tuples."""
    out = folder / "found"
    command = [lanner, "hunt", str(table), "--recipe", recipe, "--out", str(out), "--force", "--quiet"]
    took, _, last = run(command, 3600)
    if took["status"] != "ran":
        sys.exit(f"lanner: {last}")
    return took | {"tuples": json.loads((out / "manifest.json").read_text())["tuples"]}


def plot(lines, path):
    """Draws wall seconds and memory against rows."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "lanner"
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    names = {"peer": "PyOD notebook, 13 models", "classic": "Lanner classic, 13 models", "lanner": "Lanner recipe"}
    for who, colour in (("peer", "#8a8f94"), ("classic", "#33658a"), ("lanner", "#a8480d")):
        points = [(rows, line[who]) for rows, line in lines.items() if line.get(who)]
        for axis, key in ((left, "wall"), (right, "peak")):
            axis.plot([p[0] for p in points], [p[1][key] for p in points], "o-", color=colour, label=names[who])
    for axis, what in ((left, "wall seconds, Parquet to all outputs"), (right, "peak memory, MiB")):
        axis.set(xscale="log", yscale="log", xlabel="rows", title=what)
        axis.grid(alpha=0.3)
    left.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lanner", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", default="1000,10000,100000,1000000,10000000")
    parser.add_argument("--peer-limit", type=float, default=300)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    notebook = [sys.executable, str(Path(__file__).with_name("notebook_way.py"))]
    lines, peer_wall = {}, 0.0
    print("| rows | tuples | notebook wall s | classic wall s | classic CPU s | classic MiB | recipe wall s | recipe CPU s | recipe MiB |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for rows in map(int, args.rows.split(",")):
        table = trail(args.lanner, rows, args.out)
        line = lines[rows] = {recipe: hunt(args.lanner, table, recipe, args.out) for recipe in ("classic", "lanner")}
        seen = ""
        if peer_wall < args.peer_limit / 10:
            took, _, _ = run(notebook + [str(table), str(args.out / "peer.csv")], args.peer_limit)
            peer_wall = took["wall"]
            seen = f"{peer_wall:.1f}" if took["status"] == "ran" else f"> {args.peer_limit:.0f}"
            if took["status"] == "ran":
                line["peer"] = took
        cells = [f"{line[w]['wall']:.2f} | {line[w]['cpu']:.2f} | {line[w]['peak']:.0f}" for w in ("classic", "lanner")]
        print(f"| {rows:,} | {line['classic']['tuples']:,} | {seen} | {cells[0]} | {cells[1]} |", flush=True)
    (args.out / "growth.json").write_text(json.dumps(lines, indent=1))
    if args.plot:
        plot(lines, args.plot)


if __name__ == "__main__":
    main()
