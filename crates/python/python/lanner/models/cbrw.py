"""Coupled biased random walk over category codes; PyOD has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lanner.models._detector import CoreDetector


@dataclass(eq=False, repr=False)
class CBRW(CoreDetector, core="CBRW"):
    """A number is a name here: only equal or unequal counts."""

    alpha: float = 0.95
    contamination: Any = 0.1
