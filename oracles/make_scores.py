"""Writes fixtures/oracle/<set>.json: small tables and the scores PyOD gives them.

Run by hand with the versions of requirements.txt; the build never runs it.
The rows come from seeds in this file and from nothing else.
"""

import argparse
import json
import pathlib
import warnings
from dataclasses import replace

import numpy as np
import pyod.version
import scipy.stats
import sklearn
from reference import CASES, Case, clear_sets, signs_are_open, untied

VERSIONS = {
    "pyod": pyod.version.__version__,
    "scikit-learn": sklearn.__version__,
    "numpy": np.__version__,
    "scipy": scipy.__version__,
}
NEW_ROWS = 6
GROUPS = 5  # of seeds
ALIKE = 0.95  # rank correlation of each group with the others
COMPARED = 30  # rows at least, for a rank correlation to mean anything
ORDERS = 12  # of the rows, where the reference depends on theirs


def clouds(rng, n, d, outliers=0):
    """One wide cloud, two narrow ones, and rows scattered around them."""
    centre = np.where(np.arange(n) % 20 == 0, 4.0, 0.0) - np.where(np.arange(n) % 20 == 1, 5.0, 0.0)
    width = np.where(centre == 0, 1.0, 0.4)
    x = centre[:, None] + width[:, None] * rng.normal(size=(n, d)) + 0.3 * np.arange(d)
    if outliers:
        x[-outliers:] = rng.uniform(-9, 9, size=(outliers, d))
    return x.round(4)


def codes(rng, n, d):
    """Like category codes of a log: small whole numbers, low ones common."""
    return np.floor(np.array([4, 30, 60, 12, 25, 8][:d]) * rng.uniform(size=(n, d)) ** 3)


def heavy(rng, n):
    """Copies as logs have them: most rows once or twice, some by the hundred."""
    return np.minimum(1 / (rng.uniform(size=n) + 0.003), 250).astype(int) + 0


SETS = {
    "codes": ("category codes of five fields, heavy copies", 101,
              lambda g: (codes(g, 160, 5), heavy(g, 160))),
    "plain3": ("continuous, d = 3, no copies", 102, lambda g: (clouds(g, 240, 3), None)),
    "clusters8": ("continuous, d = 8, clusters, outliers and some copies", 103,
                  lambda g: (clouds(g, 200, 8, outliers=8), 1 + g.integers(0, 3, 200) // 2 * 3)),
    "one": ("one feature, some copies", 104,
            lambda g: (clouds(g, 150, 1, outliers=3), 1 + g.integers(0, 2, 150) * 2)),
    "two": ("two features", 105, lambda g: (clouds(g, 180, 2, outliers=4), None)),
    "wide": ("d = 30, n = 60", 106, lambda g: (clouds(g, 60, 30), None)),
    "few": ("fewer rows than neighbours", 107, lambda g: (clouds(g, 4, 3), None)),
}


def rounded(values, digits):
    return [float(f"{v:.{digits}g}") for v in values]


def exact(case, expanded, owner, first, new):
    """Scores of the distinct rows; where equal rows differ, their mean and a word about it."""
    model = case.fit(expanded)
    scores = model.decision_scores_
    if not np.isfinite(scores).all():
        return {"refused": "scores that are not finite"}
    if case.model == "PCA" and signs_are_open(model.components_):
        return {"refused": "rounding decides on the sign of a component"}
    if scores.std() < case.params.get("tol", 0) / case.within:
        return {"refused": "scores that differ by no more than the solver's tolerance lets them"}
    mean = np.bincount(owner, weights=scores) / np.bincount(owner)
    even = scores[first]
    out = {"kind": "exact"}
    if case.within != Case.within:
        out["within"] = case.within
    apart = np.abs(scores - even[owner]).max()
    if apart > 1e-9 * max(scores.std(), 1e-300):
        out["equal_rows_differ_by"] = float(f"{apart:.3g}")
    out["scores"] = rounded(mean if "equal_rows_differ_by" in out else even, 13)
    if case.new_rows:
        out["new_scores"] = rounded(model.decision_function(new), 13)
    if case.model == "LOF":
        k = case.params.get("n_neighbors", 20)
        metric = {name: case.params[name] for name in ("metric", "p") if name in case.params}
        out["exact_rows"] = sorted({int(owner[i]) for i in untied(expanded, k, owner, **metric)})
        if len(out["exact_rows"]) < len(first):
            out["orders_alike"], out["lowest"], out["highest"] = over_orders(
                case, expanded, owner, even)
        out["exact_new_rows"] = [int(i) for i in untied(expanded, k, owner, new, **metric)]
    if case.model == "SOD":
        k, size = case.params.get("n_neighbors", 20), case.params.get("ref_set", 10)
        clear = clear_sets(expanded, k, size, owner)
        # All copies of a row: where one is tied, so is their mean.
        unclear = np.setdiff1d(np.arange(len(expanded)), clear)
        out["exact_rows"] = np.setdiff1d(owner[clear], owner[unclear]).tolist()
        out["groups"] = [rounded(s, 6) for s in in_orders(case, expanded, owner)]
    return out


def over_orders(case, expanded, owner, even):
    """Lowest and highest score of each distinct row over random orders of the rows.

    Before them the rank correlation with `even`, the scores in the order given, of the order least
    like it.

    Among tied rows the reference takes those that its tree visits first, and that follows their
    place more than their order. In a tree of one leaf the order alone decides; every other time it
    is made so.
    """
    rng = np.random.default_rng(0)
    low, high = np.full(owner[-1] + 1, np.inf), np.full(owner[-1] + 1, -np.inf)
    least = 1.0
    one_leaf = replace(case, pyod=case.pyod | {"leaf_size": len(expanded)})
    for turn in range(ORDERS):
        order = rng.permutation(len(expanded))
        scores = (one_leaf if turn % 2 else case).fit(expanded[order]).decision_scores_
        np.minimum.at(low, owner[order], scores)
        np.maximum.at(high, owner[order], scores)
        mean = np.bincount(owner[order], weights=scores) / np.bincount(owner)
        least = min(least, np.nan_to_num(scipy.stats.spearmanr(mean, even).statistic, nan=1.0))
    return round(float(least), 4), rounded(low, 7), rounded(high, 7)


def in_orders(case, expanded, owner):
    """Scores in random orders of the rows, for equal rows their mean."""
    rng = np.random.default_rng(0)
    for _ in range(GROUPS):
        order = rng.permutation(len(expanded))
        scores = case.fit(expanded[order]).decision_scores_
        yield np.bincount(owner[order], weights=scores) / np.bincount(owner)


def seeded(case, expanded, first):
    """Mean scores over disjoint groups of seeds, as many as it takes to leave little to chance."""
    scores = []
    for seeds in case.seeds:
        while len(scores) < GROUPS * seeds:
            scores.append(case.fit(expanded, len(scores)).decision_scores_[first])
        groups = np.reshape(scores, (GROUPS, seeds, len(first))).mean(axis=1)
        if len(first) < COMPARED or alike(groups) >= ALIKE:
            break
    return {"kind": "seeded", "seeds": seeds, "groups": [rounded(g, 6) for g in groups]}


def alike(groups):
    """The rank correlation with the others of the group that is least like them."""
    each = np.corrcoef(scipy.stats.rankdata(groups, axis=1))
    each = np.nan_to_num(each, nan=1)  # groups of equal scores are alike
    return ((each.sum(axis=0) - 1) / (len(groups) - 1)).min()


def make(name):
    about, seed, build = SETS[name]
    rng = np.random.default_rng(seed)
    x, copies = build(rng)
    copies = np.ones(len(x), int) if copies is None else copies
    # Equal rows would be merged by Lanner: do it here, so that one score stands for one row.
    rows, where = np.unique(x, axis=0, return_inverse=True)
    copies = np.bincount(where.ravel(), weights=copies).astype(int)
    owner = np.repeat(np.arange(len(rows)), copies)
    first = np.searchsorted(owner, np.arange(len(rows)))
    expanded = rows[owner]
    spread = rows.max(0) - rows.min(0)
    new = rows.mean(0) + spread * rng.uniform(-0.4, 0.4, size=(NEW_ROWS, rows.shape[1]))
    new[-1] = rows.max(0) + 2 * spread
    new = new.round(4)
    cases = []
    for case in CASES:
        head = {"model": case.model, "params": case.params}
        try:
            body = (seeded(case, expanded, first) if case.seeded
                    else exact(case, expanded, owner, first, new))
        except Exception as error:  # whatever the reference refuses with is recorded
            body = {"refused": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
        cases.append(head | body)
        print(f"{name:10} {case.model:8} {case.params} {body.get('refused', 'ok')}")
    return {
        "about": about,
        "made_by": "oracles/make_scores.py",
        "versions": VERSIONS,
        "seed": seed,
        "rows": rows.tolist(),
        "copies": copies.tolist(),
        "new_rows": new.tolist(),
        "cases": cases,
    }


def compact(value):
    """JSON with a line for each entry of the two outer levels, so that a diff can be read."""
    lines = []
    for key, item in value.items():
        if key in ("rows", "new_rows", "cases"):
            inner = ",\n  ".join(json.dumps(i, separators=(",", ":")) for i in item)
            lines.append(f"{json.dumps(key)}: [\n  {inner}\n ]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(item, separators=(',', ':'))}")
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    default = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "oracle"
    parser.add_argument("--out", type=pathlib.Path, default=default, help="folder to write to")
    parser.add_argument("--set", choices=SETS, action="append", help="only these sets")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.set or SETS:
        (args.out / f"{name}.json").write_text(compact(make(name)))


if __name__ == "__main__":
    main()
