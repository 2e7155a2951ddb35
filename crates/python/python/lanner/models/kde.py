"""Kernel density, as ``pyod.models.kde``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn.neighbors import KernelDensity

from lanner.models._detector import CoreDetector, Foreign, like
from lanner.models._foreign import Turned


@dataclass(eq=False, repr=False)
class KDE(CoreDetector, core="KDE"):
    """With another metric than the straight line, or ``metric_params``, scikit-learn's is used instead."""

    contamination: Any = 0.1
    bandwidth: Any = 1.0
    algorithm: str = "auto"
    leaf_size: int = 30
    metric: Any = "minkowski"
    metric_params: dict[str, Any] | None = None
    kernel: str = "gaussian"

    def _foreign(self) -> Foreign | None:
        if not self.metric_params and like(self.metric, "minkowski", "euclidean", "l2"):
            return None
        given = self.get_params(deep=False)
        given.pop("contamination")
        return Turned(KernelDensity(**given))
