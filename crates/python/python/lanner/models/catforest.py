"""Categorical isolation forest; PyOD has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lanner.models._detector import CoreDetector


@dataclass(eq=False, repr=False)
class CatForest(CoreDetector, core="CatForest"):
    """A number is a name here. ``random_state`` counts beyond 8 columns only."""

    max_samples: Any = "auto"
    n_orders: int = 100
    contamination: Any = 0.1
    random_state: Any = None
