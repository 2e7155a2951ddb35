"""Outlier detection by empirical cumulative distributions, as ``pyod.models.ecod``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lanner.models._tails import Tails


@dataclass(eq=False, repr=False)
class ECOD(Tails, core="ECOD"):
    """``O`` and ``explain_outlier`` split scores over columns."""

    contamination: Any = 0.1
    n_jobs: int | None = 1
