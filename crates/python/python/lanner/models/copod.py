"""Copula-based outlier detection, as ``pyod.models.copod``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lanner.models._tails import Tails


@dataclass(eq=False, repr=False)
class COPOD(Tails, core="COPOD"):
    """``O`` and ``explain_outlier`` split scores over columns."""

    contamination: Any = 0.1
    n_jobs: int | None = 1
