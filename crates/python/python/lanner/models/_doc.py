"""Docstrings of the estimators, from the same text as the rest of the documentation."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

from lanner import _lanner

CARDS = {card["id"]: card for card in _lanner.cards()}
_WIDTH = 96

_KEPT = "Taken because PyOD takes it; changes no score."
_OBJECT = "object or None"

# Parameters that the core does not have: kind and meaning.
_OURS: dict[str, tuple[str, str]] = {
    "algorithm": ("str", f"{_KEPT} The search is exact and chooses its way itself."),
    "batch_size": ("int", _KEPT),
    "behaviour": ("str", _KEPT),
    "cache_size": ("float", _KEPT),
    "check_estimator": ("bool", "Try ``clustering_estimator`` with scikit-learn's checks first."),
    "clustering_estimator": (
        _OBJECT,
        "Clusters the rows instead of the built-in k-means: ``fit``, ``labels_``, ``predict``.",
    ),
    "contamination": (
        "float in (0, 0.5], or a thresholder",
        "Share of odd rows, which sets the threshold; or an object that sets it from the scores.",
    ),
    "copy": ("bool", _KEPT),
    "device": ("object", _KEPT),
    "iterated_power": ("int or str", _KEPT),
    "leaf_size": ("int", _KEPT),
    "max_iter": ("int", "Steps at most, with scikit-learn's solver; -1 for the built-in one."),
    "means_init": ("array or None", "Where the components begin, with scikit-learn's mixture."),
    "metric": ("str", "``minkowski`` or ``euclidean``."),
    "metric_params": ("dict or None", "Arguments of the metric."),
    "model": (_OBJECT, "Predicts each column from the others; None for least squares."),
    "n_jobs": ("int or None", f"{_KEPT} How many threads work is ``lanner.set_threads``'s to say."),
    "novelty": ("bool", f"{_KEPT} New rows can always be scored."),
    "p": ("float", "2."),
    "parallel_execution": ("bool", _KEPT),
    "precisions_init": ("array or None", "What the components begin with, with scikit-learn's mixture."),
    "radius": ("float", _KEPT),
    "random_state": (
        "int, RandomState or None",
        "The same number gives the same scores on any number of threads, here and in ``lanner score``.",
    ),
    "scaler": (
        _OBJECT,
        "Scales the rows before (a copy of it is fitted); None scales each column to 0 to 1.",
    ),
    "svd_solver": ("str", f"{_KEPT} The decomposition is exact."),
    "tol": ("float", _KEPT),
    "verbose": ("int", _KEPT),
    "warm_start": ("bool", "False; fits do not begin where the last one ended."),
    "weights_init": ("array or None", "Shares the components begin with, with scikit-learn's mixture."),
}

_FITTED = """\
decision_scores_ : ndarray of shape (n_samples,)
    Scores of the rows fitted on; larger is odder.
threshold_ : float
    Score above which a row is odd.
labels_ : ndarray of shape (n_samples,)
    1 for odd rows, 0 for the others.
notes_ : list of str
    Things to know about the fit: a column left out, an approximation in use."""


def document(cls: type, core: str) -> str:
    """The docstring of an estimator in numpydoc's headings; its own docstring says what is different."""
    card = CARDS[core]
    own = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    blocks = [f"{card['id']}: {card['title'][0].lower()}{card['title'][1:]}.", _wrap(card["idea"]), own]
    blocks.append(_heading("Parameters") + "\n".join(_parameters(cls, card)))
    blocks.append(_heading("Attributes") + "\n".join([_FITTED, *_attributes(cls)]))
    notes = [f"Score: {card['formula']}.", f"Cost: {card['cost']}.", f"Blind to: {card['blind_to']}"]
    if card["departs"]:
        whom = "its source" if card["categorical"] else "PyOD"
        notes.append(f"Departs from {whom}: {card['departs']}")
    blocks.append(_heading("Notes") + "\n\n".join(_wrap(note) for note in notes))
    blocks.append(_heading("References") + _wrap(card["source"]))
    return "\n\n".join(block for block in blocks if block)


def _parameters(cls: type, card: _lanner.Card) -> list[str]:
    of_core = {name: (allowed, what) for name, _, allowed, what in card["params"]}
    lines = []
    for name, default in defaults(cls).items():
        kind, what = of_core.get(name) or _OURS[name]
        if name in ("novelty",) or name not in of_core:
            kind = _OURS[name][0]
        lines += [f"{name} : {kind} (default={default!r})", _wrap(f"{what[0].upper()}{what[1:]}", 4)]
    return lines


def _attributes(cls: type) -> list[str]:
    lines = []
    for name, value in vars(cls).items():
        if isinstance(value, property) and not name.startswith("_"):
            lines += [name, _wrap(inspect.cleandoc(value.__doc__ or ""), 4)]
    return lines


def defaults(cls: type) -> dict[str, Any]:
    """The parameters of an estimator with their defaults, in order."""
    names = (name for name in inspect.get_annotations(cls) if not name.startswith("_"))
    return {name: vars(cls)[name] for name in names}


def _heading(text: str) -> str:
    return f"{text}\n{'-' * len(text)}\n"


def _wrap(text: str, indent: int = 0) -> str:
    space = " " * indent
    return textwrap.fill(text, _WIDTH, initial_indent=space, subsequent_indent=space)
