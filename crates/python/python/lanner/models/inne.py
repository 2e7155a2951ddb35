"""Isolation by nearest-neighbour ensembles, as ``pyod.models.inne``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lanner.models._detector import CoreDetector


@dataclass(eq=False, repr=False)
class INNE(CoreDetector, core="INNE"):
    n_estimators: int = 200
    max_samples: Any = "auto"
    contamination: Any = 0.1
    random_state: Any = None

    @property
    def max_samples_(self) -> int:
        """Spheres in a set."""
        return int(self._parts("max_samples")[0])
