"""Models of scikit-learn, for parameters that the core does not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lanner.models._detector import like
from lanner.models._inputs import Rows

_METRICS = "minkowski euclidean l2 manhattan l1 cityblock chebyshev cosine".split()


class Distances:
    """Distances to the k nearest rows by any metric, as one number."""

    def __init__(self, neighbours: Any, method: str) -> None:
        methods: dict[str, Callable[..., Any]] = {
            "largest": np.max,
            "mean": np.mean,
            "median": np.median,
        }
        if method not in methods:
            raise ValueError(f"method must be largest, mean or median, not {method!r}")
        self.neighbours, self._reduce = neighbours, methods[method]

    def fit(self, X: Rows) -> Any:
        """Fits it and gives the scores of the rows, none its own neighbour."""
        self.neighbours.fit(X)
        return self._reduce(self.neighbours.kneighbors()[0], axis=1)

    def score(self, X: Rows) -> Any:
        """Scores new rows."""
        return self._reduce(self.neighbours.kneighbors(X)[0], axis=1)


class Turned:
    """An estimator for which larger is more ordinary, turned round."""

    def __init__(self, estimator: Any, method: str = "score_samples") -> None:
        self.estimator, self._method = estimator, method

    def fit(self, X: Rows) -> Any:
        """Fits it and gives the scores of the rows."""
        self.estimator.fit(X)
        own = getattr(self.estimator, "negative_outlier_factor_", None)
        return self.score(X) if own is None else -own

    def score(self, X: Rows) -> Any:
        """Scores new rows."""
        return -getattr(self.estimator, self._method)(X)


def asks_for_python(metric: Any, metric_params: Any) -> bool:
    """Whether a metric is none of the core's."""
    return bool(metric_params) or not like(metric, *_METRICS)


def without_idle_exponent(params: dict[str, Any]) -> dict[str, Any]:
    """Leaves ``p`` out where the metric takes none; PyOD ignores it there, the core would refuse it."""
    if params["metric"] != "minkowski":
        params.pop("p")
    return params
