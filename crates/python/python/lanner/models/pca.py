"""Principal components, as ``pyod.models.pca``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanner.models._detector import CoreDetector


@dataclass(eq=False, repr=False)
class PCA(CoreDetector, core="PCA"):
    n_components: Any = None
    n_selected_components: int | None = None
    contamination: Any = 0.1
    copy: bool = True
    whiten: bool = False
    svd_solver: str = "auto"
    tol: float = 0.0
    iterated_power: Any = "auto"
    random_state: Any = None
    weighted: bool = True
    standardization: bool = True

    @property
    def selected_components_(self) -> NDArray[np.float64]:
        """The components summed over, of shape (n_selected_components, n_features)."""
        return self._parts("components")[0]

    @property
    def selected_w_components_(self) -> NDArray[np.float64]:
        """What the distance to each is divided by: its share of the variance, or 1."""
        return self._parts("divisors")[0]

    @property
    def n_selected_components_(self) -> int:
        """How many components are summed over."""
        return len(self.selected_w_components_)
