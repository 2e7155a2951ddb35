"""Tables and plots of quality.py, drawn into a page between its marks.

A mark is a line `<!-- quality NAME -->`; what follows up to `<!-- /quality -->` is replaced. Prose stays by hand.
"""

import re
import sys

import numpy as np

LINES = {"lanner": "#a8480d", "lanner classic": "#33658a"}


def scores(results, way, key):
    """The figures of a way, one for each table where it has any."""
    found = [r["ways"].get(way) for r in results]
    return [f[key] for f in found if isinstance(f, dict) and f.get(key) is not None]


def ways_of(results):
    """Names of all ways, in the order they were run."""
    return list(dict.fromkeys(way for r in results for way in r["ways"]))


def spread(values, form="{:.3f}"):
    """Mean and, of more than one, the lowest and highest."""
    if not values:
        return "failed"
    text = form.format(np.mean(values))
    return text if len(values) == 1 else f"{text} ({form.format(min(values))} to {form.format(max(values))})"


def table(head, rows):
    """Lines of a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def logs(results):
    """One line a way: average precision, attacks first, techniques."""
    rows = []
    for way in ways_of(results):
        kinds = [r["ways"][way]["kinds100"] / r["kinds"] for r in results if isinstance(r["ways"].get(way), dict)]
        rows.append([way, spread(scores(results, way, "ap")), spread(scores(results, way, "auroc")),
                     spread(scores(results, way, "first20"), "{:.1f}"), spread([100 * k for k in kinds], "{:.0f}")])
    sizes = ", ".join(f"{r['rows']:,} rows, {r['tuples']:,} tuples, {r['attacks']} of them attacks" for r in results[:1])
    more = f" (the first; {len(results)} in all)" if len(results) > 1 else ""
    head = ["", "AP over tuples", "AUROC", "attacks among the first 20", "techniques among the first 100, %"]
    return f"{sizes}{more}.\n\n" + table(head, rows)


def small(results):
    """Intruders and newcomers against ways, average precision over the seeds."""
    cases = list(dict.fromkeys((r["intruder"], r["newcomers"]) for r in results))
    of = {case: [r for r in results if (r["intruder"], r["newcomers"]) == case] for case in cases}
    names = [f"{intruder}, {count}" for intruder, count in cases]
    rows = [[way, *(spread(scores(of[case], way, "ap"), "{:.2f}") for case in cases)] for way in ways_of(results)]
    rows.append(["lanner: line of the incident", *(spread(scores(of[case], "lanner", "incident"), "{:.0f}") for case in cases)])
    seeds = len({r["seed"] for r in results})
    tuples = [r["tuples"] for r in results]
    return (f"{seeds} accounts (seeds) in each column, {min(tuples)} to {max(tuples)} tuples; intruder, harmless newcomers."
            "\n\n" + table(["AP over tuples", *names], rows))


def adbench(results):
    """Sets against ways, AUROC, and the mean over the sets that every way has."""
    ways = ways_of(results)
    cell = lambda f: f"{f['auroc']:.3f}" if isinstance(f, dict) else "failed"
    rows = [[r["name"].split(" ", 1)[1], *(cell(r["ways"].get(way)) for way in ways)] for r in results]
    all_ran = [r for r in results if all(isinstance(r["ways"].get(way), dict) for way in ways)]
    means = [np.mean(scores(all_ran, way, "auroc")) if all_ran else 0 for way in ways]
    bold = lambda mean: f"**{mean:.3f}**" if mean == max(means) else f"{mean:.3f}"
    rows.append([f"mean of {len(all_ran)}", *map(bold, means)])
    why = sorted({f"{way}, {r['name']}: {f}" for r in results for way, f in r["ways"].items() if isinstance(f, str)})
    return "\n".join([table(["AUROC", *ways], rows), "", *(f"- {line}" for line in why)]).rstrip()


def plot(by_kind, path):
    """Average precision of every way on large accounts, and of the best against newcomers in small ones."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "lanner"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
    big = by_kind.get("large", [])
    ways = sorted(ways_of(big), key=lambda way: np.mean(scores(big, way, "ap") or [0]))
    for place, way in enumerate(ways):
        values = scores(big, way, "ap")
        axes[0].barh(place, np.mean(values or [0]), color=LINES.get(way, "#b9bec2"))
        axes[0].plot(values, [place] * len(values), "k.", markersize=3)
    axes[0].set_yticks(range(len(ways)), ways)
    axes[0].set(xlim=(0, 1), title="large organisations", xlabel="average precision over tuples, a dot a seed")
    one = [r for r in by_kind.get("small", []) if r["intruder"] == "newcomer"]
    counts = sorted({r["newcomers"] for r in one})
    at = {count: [r for r in one if r["newcomers"] == count] for count in counts}
    means = {way: [np.mean(scores(at[c], way, "ap") or [0]) for c in counts] for way in ways_of(one)}
    shown = sorted(means, key=lambda way: -np.mean(means[way]))
    for nth, way in enumerate(shown):
        label = way if way in LINES or nth < 5 else None
        look = {"color": LINES.get(way)} if label else {"color": "#d9dcde", "zorder": 1, "markersize": 3}
        axes[1].plot(range(len(counts)), means[way], "o-", label=label, **look)
    axes[1].set_xticks(range(len(counts)), counts)
    axes[1].set(ylim=(0, 1.02), title="small accounts, an attacking newcomer", xlabel="harmless newcomers beside")
    axes[1].legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def draw(results, page):
    """Prints the tables, and puts them and the plots into a page if there is one."""
    by_kind = {}
    for r in results:
        by_kind.setdefault(r["kind"], []).append(r)
    makers = {"large": logs, "labelled": logs, "small": small, "numeric": adbench, "nominal": adbench, "ordered": adbench}
    parts = {kind: makers[kind](found) for kind, found in by_kind.items()}
    for kind, text in parts.items():
        print(f"\n### {kind}\n\n{text}")
    if not page:
        return
    text = page.read_text()
    for kind, part in parts.items():
        mark = re.compile(rf"(<!-- quality {kind} -->\n).*?(<!-- /quality -->)", re.DOTALL)
        if not mark.search(text):
            sys.exit(f"{page} has no mark for {kind}")
        text = mark.sub(lambda m: f"{m[1]}\n{part}\n\n{m[2]}", text)
    page.write_text(text)
    images = page.parent / "images"
    images.mkdir(exist_ok=True)
    if "large" in by_kind and "small" in by_kind:
        plot(by_kind, images / "quality.svg")
