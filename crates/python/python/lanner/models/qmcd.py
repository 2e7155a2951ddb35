"""Quasi-Monte Carlo discrepancy, as ``pyod.models.qmcd``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lanner.models._detector import CoreDetector


@dataclass(eq=False, repr=False)
class QMCD(CoreDetector, core="QMCD"):
    contamination: Any = 0.1
