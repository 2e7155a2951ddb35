"""Simple probabilistic anomaly detection of category codes; PyOD has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lanner.models._detector import CoreDetector


@dataclass(eq=False, repr=False)
class SPAD(CoreDetector, core="SPAD"):
    """A number is a name here: only equal or unequal counts."""

    contamination: Any = 0.1
