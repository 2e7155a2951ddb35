"""Marginal surprise of category codes; PyOD has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lanner.models._detector import CoreDetector


@dataclass(eq=False, repr=False)
class MSurprise(CoreDetector, core="MSurprise"):
    """A number is a name here: only equal or unequal counts."""

    contamination: Any = 0.1
