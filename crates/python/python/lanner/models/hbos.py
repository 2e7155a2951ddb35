"""Histogram-based outlier score, as ``pyod.models.hbos``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lanner.models._detector import CoreDetector, like


@dataclass(eq=False, repr=False)
class HBOS(CoreDetector, core="HBOS"):
    """Histograms of columns that cannot be cut into bins are empty."""

    n_bins: Any = 10
    alpha: float = 0.1
    tol: float = 0.5
    contamination: Any = 0.1

    @property
    def hist_(self) -> Any:
        """Densities of the bins, of shape (n_bins, n_features), or a list of arrays where they differ."""
        return self._by_column("densities")

    @property
    def bin_edges_(self) -> Any:
        """Edges of the bins, of shape (n_bins + 1, n_features), or a list of arrays where they differ."""
        return self._by_column("edges")

    def _by_column(self, name: str) -> Any:
        columns = self._parts(name)
        if like(self.n_bins, "auto") or len({len(column) for column in columns}) > 1:
            return columns
        return np.stack(columns, axis=1)
