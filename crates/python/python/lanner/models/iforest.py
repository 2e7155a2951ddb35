"""Isolation forest, as ``pyod.models.iforest``."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lanner import _lanner
from lanner.models._detector import CoreDetector
from lanner.models._inputs import Copies, Rows


class Tree(NamedTuple):
    """A tree, one entry a node; node 0 is the root."""

    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    """Larger values go right; infinite at a leaf."""
    left: NDArray[np.intp]
    """The left child, and the right one is the next; a leaf names itself."""
    length: NDArray[np.float64]
    """Length of the path that ends here."""

    @property
    def is_cut(self) -> NDArray[np.bool_]:
        """Which nodes cut, and are no leaves."""
        return np.isfinite(self.threshold)


@dataclass(eq=False, repr=False)
class IForest(CoreDetector, core="IForest"):
    """Scores are shifted by ``offset_``, as PyOD's are, so that the threshold is about 0."""

    n_estimators: int = 100
    max_samples: Any = "auto"
    contamination: Any = 0.1
    max_features: Any = 1.0
    bootstrap: bool = False
    n_jobs: int | None = 1
    behaviour: str = "old"
    random_state: Any = None
    verbose: int = 0

    def _fit_model(self, X: Rows, copies: Copies) -> tuple[Any, Any]:
        model, scores = super()._fit_model(X, copies)
        self.offset_ = -0.5
        share = self._given_share()
        if share is not None:
            self.offset_ = -_lanner.percentile(scores, copies, 100 * (1 - share))
        return model, scores + self.offset_

    def _score(self, X: Rows) -> Any:
        return super()._score(X) + self.offset_

    def _learned(self, X: Rows, copies: Copies) -> None:
        total, given = int(copies.sum()), self.max_samples
        if isinstance(given, str):
            given = 256
        elif not isinstance(given, numbers.Integral):
            given = max(1, int(given * total))
        self.max_samples_ = min(total, int(given))

    @property
    def estimators_(self) -> list[Tree]:
        """The trees."""
        return [
            Tree(t[:, 0].astype(np.intp), t[:, 1], t[:, 2].astype(np.intp), t[:, 3])
            for t in self._parts("tree")
        ]

    @property
    def estimators_features_(self) -> list[NDArray[np.intp]]:
        """The columns each tree cuts at."""
        return [np.unique(tree.feature[tree.is_cut]) for tree in self.estimators_]

    @property
    def feature_importances_(self) -> NDArray[np.float64]:
        """The share of each column in the cuts of all trees."""
        cuts = [tree.feature[tree.is_cut] for tree in self.estimators_]
        counts = np.bincount(np.concatenate(cuts), minlength=self.n_features_in_)
        return counts / (counts.sum() or 1)
