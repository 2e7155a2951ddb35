"""Pictures of a hunt, with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lanner._table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lanner._result import Hunt

_QUIET, _LOUD = "#5b7c99", "#c2410c"


def _new(ax: Axes | None, size: tuple[float, float]) -> Axes:
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("drawing needs matplotlib: pip install 'lanner[plot]'") from error
    return plt.subplots(figsize=size, layout="constrained")[1]


def _numbers(table: Table, column: str) -> Any:
    """A column of numbers, NaN for null."""
    at = table.columns.index(column)
    return np.array(table._native.numbers(at), dtype=float)


def heatmap(table: Table, scores: bool, ax: Axes | None) -> Axes:
    """Models by models."""
    models = table.columns[1:]
    values = np.array([_numbers(table, model) for model in models]).reshape(len(models), len(models))
    side = max(3.2, 0.52 * len(models) + 1.4)
    ax = _new(ax, (side + 0.8, side))
    image = ax.imshow(np.ma.masked_invalid(values), cmap="RdBu_r", vmin=-1, vmax=1)
    ax.set_facecolor("#8884")
    for (i, j), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = "white" if abs(value) > 0.6 else "black"
            ax.text(
                j, i, f"{round(value, 2) + 0.0:.2f}", ha="center", va="center", fontsize=7, color=colour
            )
    ax.set_xticks(range(len(models)), models, rotation=60, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(models)), models)
    ax.spines[:].set_visible(False)
    ax.set_title("Rank correlation of scores" if scores else "Correlation of votes over rows", loc="left")
    ax.figure.colorbar(image, ax=ax, shrink=0.75)
    return ax


def scores(hunt: Hunt, model: str | None, ax: Axes | None) -> Axes:
    """A histogram over rows; tuples that are flagged stand out."""
    tuples = hunt.tuples
    column, vote = ("score", "rank") if model is None else (f"score_{model}", f"out_{model}")
    if column not in tuples.columns:
        ran = [name.removeprefix("score_") for name in tuples.columns if name.startswith("score_")]
        raise ValueError(f"there are no scores of {model!r}; these models ran: {', '.join(ran)}")
    values, copies = _numbers(tuples, column), _numbers(tuples, "copies")
    voted = _numbers(tuples, vote) > 0
    ax = _new(ax, (6.4, 3.4))
    bins = np.histogram_bin_edges(values[np.isfinite(values)], bins=60).tolist()
    label = "with a vote" if model is None else f"above the threshold of {model}"
    ax.hist(
        [values[~voted], values[voted]],
        bins=bins,
        weights=[copies[~voted], copies[voted]],
        stacked=True,
        color=[_QUIET, _LOUD],
        label=["others", label],
    )
    if model is not None:
        models = hunt.models
        at = [row[models.columns.index("id")] for row in models._native.cells(len(models), 40)].index(model)
        ax.axvline(_numbers(models, "threshold")[at], color=_LOUD, linewidth=1, linestyle="--")
    ax.set_yscale("log")
    ax.set_ylim(bottom=0.8)
    ax.set_xlabel("score" if model is None else f"score of {model}")
    ax.set_ylabel("rows")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax
