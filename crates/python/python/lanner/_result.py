"""What a hunt found."""

from __future__ import annotations

import textwrap
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lanner import _html
from lanner._folder import Folder
from lanner._table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Tuples that are listed, and characters of their longest cell.
_LISTED = 10
_LONGEST = 1000
_NUMBERS = frozenset(
    {"#", "incident", "rows", "copies", "rank", "score", "flagged_rows", "threshold", "fit_seconds"}
)


class Hunt(Folder):
    """A finished hunt, as `lanner.hunt` and `lanner.open` give it.

    Attributes
    ----------
    dir : pathlib.Path
        Where its files are (see `save`).

    Notes
    -----
    In a notebook it shows itself: what was read, the incidents, the strangest tuples with their reasons,
    the models. Text of the log is escaped.
    """

    @cached_property
    def events(self) -> Table:
        """Every flagged row of the input once: all its columns, ``rank``, ``score``, votes, ``why``."""
        return self._table("events.parquet")

    @cached_property
    def tuples(self) -> Table:
        """Every distinct tuple, strangest first, with ``copies``, scores, votes and ``why``."""
        return self._table("tuples.parquet")

    @cached_property
    def incidents(self) -> Table | None:
        """What one actor did in one session, strangest first; None in the classic recipe."""
        return self._table("incidents.parquet") if "incidents" in self.tables else None

    @cached_property
    def models(self) -> Table:
        """Each model: how it ended, parameters, seconds foreseen and taken, threshold, flagged rows."""
        return self.query("SELECT * FROM models")

    @cached_property
    def correlation(self) -> Table:
        """Correlation of the models' votes over rows, each with each; null where one has none."""
        return Table(self._native.matrix("correlation.csv"))

    @cached_property
    def score_correlation(self) -> Table:
        """Rank correlation of the models' scores over rows, each with each."""
        return Table(self._native.matrix("score_correlation.csv"))

    @cached_property
    def ranks(self) -> Table:
        """Rows and tuples by rank, the number of models that voted for them."""
        return self._table("ranks.csv")

    @property
    def summary(self) -> str:
        """What was read, what ran and what is strangest, in a few lines."""
        lines = [self._headline(), self._how()]
        lines += [f"Note: {text}" for text in self.manifest["warnings"]]
        fields = self._fields()
        lines.append("")
        for row in self._strangest():
            values = ", ".join("null" if row[f] is None else textwrap.shorten(row[f], 60) for f in fields)
            lines.append(f"{row['#']:>3}  {row['score']}  {values}  ({row['copies']} rows)")
            lines.append(f"     {row['why']}")
        return "\n".join([*lines, "", f"files: {self.dir}"])

    def plot_heatmap(self, *, scores: bool = False, ax: Axes | None = None) -> Axes:
        """Draws how far the models agree.

        Parameters
        ----------
        scores : bool, default=False
            Rank correlation of scores, instead of correlation of votes.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        ax : matplotlib.axes.Axes

        Raises
        ------
        ImportError
            Without matplotlib, which ``pip install lanner[plot]`` brings.
        """
        from lanner import _plots

        return _plots.heatmap(self.score_correlation if scores else self.correlation, scores, ax)

    def plot_scores(self, model: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Draws a histogram of scores over rows, flagged tuples apart.

        Parameters
        ----------
        model : str, optional
            A model, with its threshold; by default the score of the whole hunt.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        ax : matplotlib.axes.Axes

        Raises
        ------
        ValueError
            If the model did not run.
        ImportError
            Without matplotlib, which ``pip install lanner[plot]`` brings.
        """
        from lanner import _plots

        return _plots.scores(self, model, ax)

    def __repr__(self) -> str:
        return f"<lanner.Hunt: {self._headline()}>"

    def _repr_html_(self) -> str:
        parts = [_html.heading(self._headline()), _html.line(self._how(), note=True)]
        parts += [_html.warning(text) for text in self.manifest["warnings"]]
        if self.incidents is not None and len(self.incidents):
            wanted = ["incident", "score", "principal", "network", "rows", "actions", "why"]
            rows = _picked(self.incidents, wanted, 5)
            caption = f"Incidents: the strangest {len(rows)} of {len(self.incidents):,}"
            parts.append(_rows(wanted, rows, caption, "why"))
        fields = self._fields()
        wanted = ["#", "score", "rank", *fields, "copies", "why"]
        strangest = self._strangest()
        caption = f"Tuples: the strangest {len(strangest)} of {len(self.tuples):,}"
        parts.append(_rows(wanted, strangest, caption, "why"))
        wanted = ["id", "status", "flagged_rows", "threshold", "fit_seconds", "error"]
        models = _picked(self.models, wanted, len(self.models))
        parts.append(_rows(wanted, models, "Models", "error"))
        return _html.page(*parts, _html.line(f"Files: {self.dir}", note=True))

    def _headline(self) -> str:
        manifest = self.manifest
        read = manifest["inputs"]
        lost = f", {read['rejected']:,} rejected" if read["rejected"] else ""
        return (
            f"{read['scored']:,} of {read['read']:,} records scored{lost}: {manifest['tuples']:,} distinct "
            f"tuples, {manifest['flagged_rows']:,} rows of {manifest['flagged_tuples']:,} flagged"
        )

    def _how(self) -> str:
        settings = self.manifest["settings"]
        preset = f", preset {settings['preset']}" if settings.get("preset") else ""
        span = [self.manifest["inputs"][end] for end in ("first", "last")]
        when = f"; {span[0]} to {span[1]}" if all(span) else ""
        return f"{settings['recipe']} recipe{preset}, fields {', '.join(self._fields())}{when}"

    def _fields(self) -> list[str]:
        return [field["name"] for field in self.manifest["settings"]["fields"]]

    def _strangest(self) -> list[dict[str, Any]]:
        fields = self._fields()
        # The fields come first in the table, under names of their own where ours are taken.
        columns = [*self.tuples.columns[: len(fields)], "copies", "rank", "score", "why"]
        rows = _picked(self.tuples, columns, _LISTED)
        names = [*fields, "copies", "rank", "score", "why"]
        return [{"#": str(i), **dict(zip(names, row.values()))} for i, row in enumerate(rows, 1)]


def _picked(table: Table, columns: list[str], rows: int) -> list[dict[str, str | None]]:
    """The first rows of some columns, as text that is safe to show."""
    places = [table.columns.index(name) for name in columns]
    picked = [[row[p] for p in places] for row in table._native.cells(rows, _LONGEST)]
    return [{c: _short(c, value) for c, value in zip(columns, row)} for row in picked]


def _short(column: str, value: str | None) -> str | None:
    """Numbers of ours with fewer digits."""
    if value is None or column not in ("score", "threshold", "fit_seconds"):
        return value
    return f"{float(value):.3f}" if column == "fit_seconds" else f"{float(value):.4g}"


def _rows(columns: list[str], rows: list[dict[str, Any]], caption: str, below: str) -> str:
    cells = [[row[c] for c in columns] for row in rows]
    return _html.table(columns, cells, caption=caption, numbers=_NUMBERS, below=below)
