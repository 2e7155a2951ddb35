"""Pair surprise of category codes; PyOD has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lanner.models._detector import CoreDetector


@dataclass(eq=False, repr=False)
class PSurprise(CoreDetector, core="PSurprise"):
    """A number is a name here: only equal or unequal counts."""

    max_pairs: int = 28
    contamination: Any = 0.1
