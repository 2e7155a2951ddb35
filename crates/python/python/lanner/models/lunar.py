"""A network over distances to the nearest rows, as ``pyod.models.lunar``."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import MinMaxScaler

from lanner.models._detector import CoreDetector
from lanner.models._inputs import Copies, Rows
from lanner.models.sod import EUCLIDEAN


@dataclass(eq=False, repr=False)
class LUNAR(CoreDetector, core="LUNAR"):
    """A ``scaler`` is copied and fitted to all rows written out, in Python."""

    model_type: str = "WEIGHT"
    n_neighbours: int = 5
    negative_sampling: str = "MIXED"
    val_size: float = 0.1
    scaler: Any = None
    epsilon: float = 0.1
    proportion: float = 1.0
    n_epochs: int = 200
    lr: float = 0.001
    wd: float = 0.1
    verbose: int = 0
    contamination: Any = 0.1
    algorithm: str = "auto"
    leaf_size: int = 30
    metric: str = "minkowski"
    p: float = 2
    metric_params: dict[str, Any] | None = None
    n_jobs: int | None = 1
    random_state: Any = None

    _fixed: ClassVar[dict[str, tuple[Any, ...]]] = EUCLIDEAN

    def _core_params(self) -> dict[str, Any]:
        return super()._core_params() | {"scaler": self.scaler is None}

    def _fit_model(self, X: Rows, copies: Copies) -> tuple[Any, Any]:
        self.scaler_ = MinMaxScaler() if self.scaler is None else deepcopy(self.scaler)
        # The least and the largest value are the same without the copies.
        self.scaler_.fit(X if self.scaler is None else np.repeat(X, copies, axis=0))
        return super()._fit_model(self._scaled(X), copies)

    def _score(self, X: Rows) -> Any:
        return super()._score(self._scaled(X))

    def _scaled(self, X: Rows) -> Rows:
        if self.scaler is None:
            return X  # The core scales it the same way.
        return np.ascontiguousarray(self.scaler_.transform(X), dtype=np.float64)

    def _learned(self, X: Rows, copies: Copies) -> None:
        self._X = X

    @property
    def neigh(self) -> Any:
        """scikit-learn's search over the scaled rows, made when first asked for."""
        if "_neigh" not in vars(self):
            names = "algorithm leaf_size metric p metric_params n_jobs".split()
            given = {name: getattr(self, name) for name in names}
            search = NearestNeighbors(n_neighbors=self.n_neighbours + 1, **given)
            self._neigh = search.fit(self.scaler_.transform(self._X))
        return self._neigh
