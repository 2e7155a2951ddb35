"""Subspace outlier degree, as ``pyod.models.sod``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lanner import _lanner
from lanner.models._detector import CoreDetector

EUCLIDEAN: dict[str, tuple[Any, ...]] = {
    "metric": ("minkowski", "euclidean", "l2"),
    "p": (2, 2.0),
    "metric_params": (None,),
}


@dataclass(eq=False, repr=False)
class SOD(CoreDetector, core="SOD"):
    contamination: Any = 0.1
    n_neighbors: int = 20
    ref_set: int = 10
    alpha: float = 0.8
    algorithm: str = "auto"
    leaf_size: int = 30
    metric: str = "minkowski"
    p: float = 2
    metric_params: dict[str, Any] | None = None
    n_jobs: int | None = 1

    _fixed: ClassVar[dict[str, tuple[Any, ...]]] = EUCLIDEAN

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            _lanner.check(self._core, self._given())
        except TypeError as error:
            raise ValueError(str(error)) from error
