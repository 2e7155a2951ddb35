"""Distance to the k-th nearest row, as ``pyod.models.knn``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn.neighbors import NearestNeighbors

from lanner.models._detector import CoreDetector, Foreign
from lanner.models._foreign import Distances, asks_for_python, without_idle_exponent
from lanner.models._inputs import Copies, Rows


class _Neighbours(CoreDetector):
    """What the detectors on neighbour distances share."""

    def _foreign(self) -> Foreign | None:
        if not asks_for_python(self.metric, self.metric_params):
            return None
        return Distances(self._nearest(), getattr(self, "method", "mean"))

    def _core_params(self) -> dict[str, Any]:
        return without_idle_exponent(super()._core_params())

    def _learned(self, X: Rows, copies: Copies) -> None:
        self._X = X

    @property
    def neigh_(self) -> Any:
        """scikit-learn's search over the rows fitted on, made when first asked for."""
        if isinstance(self._model, Distances):
            return self._model.neighbours
        if "_neigh" not in vars(self):
            self._neigh = self._nearest().fit(self._X)
        return self._neigh

    def _nearest(self) -> Any:
        names = "n_neighbors radius algorithm leaf_size metric p metric_params n_jobs".split()
        return NearestNeighbors(**{name: getattr(self, name) for name in names})


@dataclass(eq=False, repr=False)
class KNN(_Neighbours, core="KNN"):
    """With a metric that is none of the core's, or ``metric_params``, scikit-learn searches instead."""

    contamination: Any = 0.1
    n_neighbors: int = 5
    method: str = "largest"
    radius: float = 1.0
    algorithm: str = "auto"
    leaf_size: int = 30
    metric: Any = "minkowski"
    p: float = 2
    metric_params: dict[str, Any] | None = None
    n_jobs: int | None = 1


@dataclass(eq=False, repr=False)
class AvKNN(_Neighbours, core="AvKNN"):
    """The same as ``KNN(method="mean")``."""

    contamination: Any = 0.1
    n_neighbors: int = 5
    radius: float = 1.0
    algorithm: str = "auto"
    leaf_size: int = 30
    metric: Any = "minkowski"
    p: float = 2
    metric_params: dict[str, Any] | None = None
    n_jobs: int | None = 1
