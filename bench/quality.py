#!/usr/bin/env python3
"""How well strange rows are found: Lanner's recipes, PyOD's single detectors and plain rarity, side by side.

    quality.py --lanner PATH --out DIR [--quick] [--labelled FILE]... [--adbench DIR] [--doc docs/quality.md]

Labelled data: generated large organisations (seeds 11 to 15), generated small accounts (shapes by seed, 0 to 16
harmless newcomers, four kinds of intruder), tables of your own with a column of techniques (--labelled), and
ADBench-like tables of numbers with a column `label` of 0 and 1 (--adbench), as they are and cut into five quantiles a
field. PyOD gets category codes, as notebooks do, and numbers as they are; it is fitted on all rows without labels and
its `decision_scores_` are compared. Every figure goes to DIR/quality.json; an interrupted run goes on where it was.
--doc draws tables and plots into a page between its marks.
"""

import os

# Two processes share the cores; set before anything counts them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import shutil
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from measure import run
from quality_page import draw

FIELDS = ["sourceIPAddress", "eventSource", "eventName", "userAgent", "userIdentity.arn"]
# Columns that say what was planted; no detector sees them.
TRUTH = ["label", "technique", "attack", "attack_id", "attack_mode", "mode", "origin"]
INTRUDERS = ["newcomer", "colleague-network", "stolen-key", "admin"]
LIMIT = 600  # wall seconds of one command


@dataclass(frozen=True)
class Task:
    """One labelled table."""

    kind: str  # large, small, labelled, numeric, nominal, ordered
    name: str
    seed: int = 0
    newcomers: int = 0
    intruder: str = ""
    path: str = ""


def detectors(seed):
    """PyOD's detectors at their defaults, by name."""
    from pyod.models.copod import COPOD
    from pyod.models.ecod import ECOD
    from pyod.models.gmm import GMM
    from pyod.models.hbos import HBOS
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN
    from pyod.models.loda import LODA
    from pyod.models.lof import LOF
    from pyod.models.pca import PCA

    return {
        "IForest": IForest(random_state=seed), "KNN": KNN(), "LOF": LOF(), "ECOD": ECOD(), "COPOD": COPOD(),
        "HBOS": HBOS(), "PCA": PCA(random_state=seed), "GMM": GMM(random_state=seed), "LODA": LODA(),
    }


def runs(scores, labels):
    """Items and hits of each run of equal scores, the highest first."""
    frame = pd.DataFrame({"score": scores, "hit": labels})
    grouped = frame.groupby("score", sort=True)["hit"].agg(["size", "sum"])
    return grouped.to_numpy(np.float64)[::-1]


def average_precision(scores, labels):
    """Expected over all orders of equal scores, as `lanner evaluate` has it."""
    items = hits = total = 0.0
    for size, found in runs(scores, labels):
        j = np.arange(size)
        before = (found - 1) / (size - 1) if size > 1 else 0.0
        total += (found / size * (hits + j * before + 1) / (items + j + 1)).sum()
        items, hits = items + size, hits + found
    return total / hits


def auroc(scores, labels):
    """The chance that a labelled row is above another one; ties count half."""
    hits = misses = pairs = 0.0
    for size, found in runs(scores, labels):
        pairs += (size - found) * (hits + found / 2)
        hits, misses = hits + found, misses + size - found
    return pairs / (hits * misses)


def among_first(scores, labels, k):
    """Labelled items among the first k, expected over all orders of equal scores."""
    left, total = float(k), 0.0
    for size, found in runs(scores, labels):
        taken = min(size, left)
        total, left = total + found * taken / size, left - taken
    return total


def kinds_among_first(scores, kinds, k):
    """Different techniques among the first k tuples, a mean over 20 orders of equal scores."""
    rng, counts = np.random.default_rng(1), []
    for _ in range(20):
        order = np.lexsort((rng.random(len(scores)), -scores))[:k]
        counts.append(len(set().union(*(kinds[i] for i in order))))
    return float(np.mean(counts))


def hunt(lanner, table, out, *more):
    """The tuples that a hunt found, or why there are none."""
    took, _, last = run([lanner, "hunt", str(table), "--out", str(out), "--force", "--quiet", *more], LIMIT)
    return pd.read_parquet(out / "tuples.parquet") if took["status"] == "ran" else f"{took['status']}: {last[:160]}"


def score_of(tuples, keys, fields, column="score"):
    """A column of a hunt's tuples, in the order of `keys`, rows with the same fields."""
    fields = [field for field in fields if field in tuples]
    as_text = not pd.api.types.is_numeric_dtype(keys[fields[0]])
    clean = (lambda f: f.fillna("").astype(str)) if as_text else (lambda f: f)
    right = clean(tuples[fields]).assign(**{"=": tuples[column].to_numpy()})
    found = clean(keys[fields]).merge(right, how="left", on=fields)["="]
    if len(found) != len(keys) or found.isna().any():
        raise ValueError("the hunt's tuples are not those of the table")
    return found.to_numpy(np.float64)


def peers(codes, seed, scaled):
    """PyOD's scores of all rows, by name; why there are none where a detector fails."""
    inputs = [(name, model, codes) for name, model in detectors(seed).items()]
    if scaled:
        spread = codes.std(axis=0)
        unit = (codes - codes.mean(axis=0)) / np.where(spread > 0, spread, 1)
        inputs += [(f"{n}, scaled", m, unit) for n, m in detectors(seed).items() if n in ("KNN", "LOF")]
    for name, model, x in inputs:
        np.random.seed(seed)  # LODA has no seed of its own
        try:
            yield name, np.nan_to_num(model.fit(x).decision_scores_, nan=0.0, posinf=1e300)
        except (ValueError, np.linalg.LinAlgError) as error:
            yield name, f"failed: {error}"[:160]


def codes_of(frame):
    """Category codes, as notebooks make them."""
    return np.column_stack([frame[f].fillna("").astype("category").cat.codes for f in frame]).astype(np.float64)


def values_rarity(frame):
    """The sum over fields of the surprise at the value: -log of its share."""
    return sum(-np.log(frame[f].map(frame[f].value_counts()) / len(frame)) for f in frame).to_numpy(np.float64)


def ours(args, table, folder, *options):
    """Lanner's recipes and chosen models: (name, tuples, column)."""
    for name, more in (("lanner", []), ("lanner classic", ["--recipe", "classic"])):
        yield name, hunt(args.lanner, table, folder / name.replace(" ", "-"), *options, *more), "score"
    if args.models:
        more = ["--recipe", "classic", "--models", args.models]
        tuples = hunt(args.lanner, table, folder / "models", *options, *more)
        for model in args.models.split(","):
            yield f"lanner {model}", tuples, f"score_{model}"


def logs(args, task, folder):
    """Figures of every way on one labelled log."""
    table = folder / "table.parquet"
    if task.kind == "labelled":
        frame = pd.read_parquet(task.path)
        column = next(c for c in ("technique", "label") if c in frame)
        technique = frame[column].fillna("").astype(str)
        frame.drop(columns=[c for c in TRUTH if c in frame]).to_parquet(table, index=False)
    else:
        command = [args.sampler or args.lanner, "sample", "cloudtrail", "--seed", str(task.seed), "--out", str(table), "--force"]
        if task.kind == "large":
            command += ["--rows", "60000"]
        else:
            command += ["--account", "small", "--newcomers", str(task.newcomers), "--intruder", task.intruder]
        took, _, last = run(command, LIMIT)
        if took["status"] != "ran":
            raise RuntimeError(last)
        frame = pd.read_parquet(table)
        labels = pd.read_csv(folder / "table.labels.csv").set_index("eventID")["technique"]
        technique = frame["eventID"].map(labels).fillna("")
    five = frame[FIELDS].fillna("")
    group = five.groupby(FIELDS, sort=False).ngroup().to_numpy()
    tuples = five.groupby(FIELDS, sort=False, as_index=False).size()
    hit = pd.Series(technique != "").groupby(group).mean().to_numpy() >= 0.5
    kinds = technique.groupby(group).agg(lambda t: set(t) - {""}).tolist()
    per_tuple = lambda rows: pd.Series(rows).groupby(group).mean().to_numpy()

    def figures(scores):
        return {"ap": average_precision(scores, hit), "auroc": auroc(scores, hit),
                "first20": among_first(scores, hit, 20), "kinds100": kinds_among_first(scores, kinds, 100)}

    ways = {}
    for name, found, column in ours(args, table, folder):
        ways[name] = found if isinstance(found, str) else figures(score_of(found, tuples, FIELDS, column))
        if name == "lanner" and not isinstance(found, str):
            ways[name]["incident"] = first_incident(folder / "lanner", frame, technique, found)
    ways["rarity of the row"] = figures(-tuples["size"].to_numpy(np.float64))
    ways["rarity of the values"] = figures(per_tuple(values_rarity(five)))
    for name, scores in peers(codes_of(five), 1, False):
        ways[f"PyOD {name}"] = scores if isinstance(scores, str) else figures(per_tuple(scores))
    return {"rows": len(frame), "tuples": len(tuples), "attacks": int(hit.sum()),
            "kinds": len(set().union(*kinds)), "ways": ways}


def first_incident(out, frame, technique, tuples):
    """The line of the incident view that shows an attack first."""
    incidents = pd.read_parquet(out / "incidents.parquet").sort_values("incident")
    roles = {"principal": "lanner_principal", "network": "lanner_network", "agent": "lanner_agent"}
    bad = frame[(technique != "").to_numpy()]
    known = tuples[FIELDS + list(roles.values())].fillna("")
    bad = bad.fillna({f: "" for f in FIELDS}).merge(known, on=FIELDS)
    at = pd.to_datetime(bad["eventTime"], utc=True)
    for line, incident in enumerate(incidents.itertuples(), 1):
        mine = (at >= incident.start) & (at <= incident.end)
        for ours_, theirs in roles.items():
            mine &= bad[theirs] == getattr(incident, ours_)
        if mine.any():
            return line
    return None


def adbench(args, task, folder):
    """Figures of every way on one set of numbers, or on its quantiles."""
    frame = pd.read_parquet(task.path)
    label = frame.pop("label").to_numpy() > 0
    if task.kind != "numeric":
        rng = np.random.default_rng(1)
        for field in frame:
            bins = pd.qcut(frame[field], 5, labels=False, duplicates="drop")
            names = np.array(list("abcde"))
            # Nominal values have names that tell nothing; ordered ones are named in their order.
            frame[field] = (rng.permutation(names) if task.kind == "nominal" else names)[bins.fillna(0).astype(int)]
    table = folder / "table.parquet"
    frame.to_parquet(table, index=False)

    def figures(scores):
        return {"ap": average_precision(scores, label), "auroc": auroc(scores, label)}

    ways = {}
    # All columns; of a very wide table a hunt wants to be told so.
    for name, found, column in ours(args, table, folder, "--fields", ",".join(frame)):
        ways[name] = found if isinstance(found, str) else figures(score_of(found, frame, list(frame), column))
    numbers = frame.to_numpy(np.float64) if task.kind == "numeric" else codes_of(frame)
    if task.kind != "numeric":
        ways["rarity of the values"] = figures(values_rarity(frame))
    for name, scores in peers(numbers, 1, True):
        ways[f"PyOD {name}"] = scores if isinstance(scores, str) else figures(scores)
    return {"rows": len(frame), "fields": frame.shape[1], "attacks": int(label.sum()), "ways": ways}


def tasks(args):
    """Everything that is asked for, the quick ones first."""
    seeds, counts = (range(1, 5), (0, 4)) if args.quick else (range(1, 9), (0, 2, 4, 8, 16))
    few = (0,) if args.quick else (0, 4)
    for intruder in INTRUDERS:
        for newcomers in counts if intruder == "newcomer" else few:
            for seed in seeds:
                yield Task("small", f"small {intruder} {newcomers} {seed}", seed, newcomers, intruder)
    for seed in (11, 12) if args.quick else range(11, 16):
        yield Task("large", f"large {seed}", seed)
    for path in args.labelled:
        yield Task("labelled", path.stem, path=str(path))
    sets = sorted(args.adbench.glob("*.parquet")) if args.adbench else []
    for path in sets[:6] if args.quick else sets:
        for kind in ("numeric", "nominal", "ordered"):
            yield Task(kind, f"{kind} {path.stem}", path=str(path))


def work(args, task):
    """One table, in a process of its own."""
    warnings.simplefilter("ignore")
    folder = args.out / task.name.replace(" ", "-")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    figures = (logs if task.kind in ("small", "large", "labelled") else adbench)(args, task, folder)
    shutil.rmtree(folder)
    return {k: v for k, v in asdict(task).items() if k != "path"} | figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lanner", required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for tables and figures")
    parser.add_argument("--sampler", help="the lanner that writes the samples, to compare versions [default: the same]")
    parser.add_argument("--labelled", type=Path, action="append", default=[], help="a CloudTrail table with labels")
    parser.add_argument("--adbench", type=Path, help="folder of Parquet files with a column label")
    parser.add_argument("--models", help="Lanner's own models to show beside, with commas")
    parser.add_argument("--quick", action="store_true", help="a part, in some minutes")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--doc", type=Path, help="page to draw into")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    log = args.out / "quality.json"
    results = json.loads(log.read_text()) if log.exists() else {}
    todo = [task for task in tasks(args) if task.name not in results]
    with ProcessPoolExecutor(args.jobs) as pool:
        waiting = {pool.submit(work, args, task): task for task in todo}
        for done in as_completed(waiting):
            task = waiting[done]
            results[task.name] = done.result()
            log.write_text(json.dumps(results, indent=1))
            found = results[task.name]["ways"]["lanner"]
            if not isinstance(found, str):
                found = ", ".join(f"{key} {value or 0:.3f}" for key, value in found.items())
            print(f"{task.name}: {found}", flush=True)
    asked = [task.name for task in tasks(args)]
    draw([results[name] for name in asked], args.doc)


if __name__ == "__main__":
    main()
