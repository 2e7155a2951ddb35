"""Linear-model deviation, as ``pyod.models.lmdd``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from lanner import _lanner
from lanner.models._detector import CoreDetector
from lanner.models._inputs import Rows


@dataclass(eq=False, repr=False)
class LMDD(CoreDetector, core="LMDD"):
    """New rows are scored among themselves, as PyOD does: the method defines no score beside others."""

    contamination: Any = 0.1
    n_iter: int = 50
    dis_measure: str = "aad"
    random_state: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _lanner.check(self._core, self._given())
        check_random_state(self.random_state)

    def _score(self, X: Rows) -> Any:
        copies = np.ones(len(X), np.int64)
        return _lanner.fit(self._core, self._given(), X, copies, self._seed)[1]

    @property
    def n_iter_(self) -> int:
        """Shuffles."""
        return self.n_iter

    @property
    def dis_measure_(self) -> str:
        """What deviation is measured by."""
        return self.dis_measure

    @property
    def random_state_(self) -> Any:
        """The random state the shuffles are drawn from."""
        return check_random_state(self.random_state)
