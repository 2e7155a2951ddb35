"""Local outlier factor, as ``pyod.models.lof``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn.neighbors import LocalOutlierFactor

from lanner.models._detector import CoreDetector, Foreign
from lanner.models._foreign import Turned, asks_for_python, without_idle_exponent
from lanner.models._inputs import Copies, Rows


@dataclass(eq=False, repr=False)
class LOF(CoreDetector, core="LOF"):
    """With a metric that is none of the core's, or ``metric_params``, scikit-learn's is used instead."""

    n_neighbors: int = 20
    algorithm: str = "auto"
    leaf_size: int = 30
    metric: Any = "minkowski"
    p: float = 2
    metric_params: dict[str, Any] | None = None
    contamination: Any = 0.1
    n_jobs: int | None = 1
    novelty: bool = True

    _sparse: ClassVar[bool] = True

    def _foreign(self) -> Foreign | None:
        if not asks_for_python(self.metric, self.metric_params):
            return None
        names = "n_neighbors algorithm leaf_size metric p metric_params n_jobs".split()
        given = {name: getattr(self, name) for name in names}
        return Turned(LocalOutlierFactor(novelty=True, **given))

    def _core_params(self) -> dict[str, Any]:
        return without_idle_exponent(super()._core_params())

    def _learned(self, X: Rows, copies: Copies) -> None:
        self.n_neighbors_ = max(1, min(int(self.n_neighbors), int(copies.sum()) - 1))
