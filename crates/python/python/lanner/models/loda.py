"""Lightweight on-line detector of anomalies, as ``pyod.models.loda``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanner.models._detector import CoreDetector


@dataclass(eq=False, repr=False)
class LODA(CoreDetector, core="LODA"):
    contamination: Any = 0.1
    n_bins: Any = 10
    n_random_cuts: int = 100
    random_state: Any = None
    lookup: str = "pyod"

    @property
    def projections_(self) -> NDArray[np.float64]:
        """The random directions, of shape (n_random_cuts, n_features)."""
        fields, weights = self._parts("fields"), self._parts("weights")
        directions = np.zeros((len(fields), self.n_features_in_))
        for direction, columns, values in zip(directions, fields, weights):
            direction[columns.astype(np.intp)] = values
        return directions

    @property
    def limits_(self) -> list[NDArray[np.float64]]:
        """The edges of each cut's bins."""
        return self._parts("edges")

    @property
    def histograms_(self) -> list[NDArray[np.float64]]:
        """The shares of the rows in each cut's bins."""
        return self._parts("shares")
