"""One-class support vector machine, as ``pyod.models.ocsvm``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import OneClassSVM

from lanner.models._detector import CoreDetector, Foreign, like
from lanner.models._foreign import Turned
from lanner.models._inputs import Copies, Rows

_KERNELS = ("linear", "poly", "rbf", "sigmoid")
_LEARNED = "support_ support_vectors_ dual_coef_ intercept_"


@dataclass(eq=False, repr=False)
class OCSVM(CoreDetector, core="OCSVM"):
    """With a kernel of the user's, or a ``max_iter``, scikit-learn's solver is used instead."""

    kernel: Any = "rbf"
    degree: int = 3
    gamma: Any = "auto"
    coef0: float = 0.0
    tol: float = 1e-3
    nu: float = 0.5
    shrinking: bool = True
    cache_size: float = 200
    verbose: bool = False
    max_iter: int = -1
    contamination: Any = 0.1

    def _foreign(self) -> Foreign | None:
        if like(self.kernel, *_KERNELS) and self.max_iter == -1:
            return None
        given = self.get_params(deep=False)
        given.pop("contamination")
        return Turned(OneClassSVM(**given), "decision_function")

    def _learned(self, X: Rows, copies: Copies) -> None:
        if isinstance(self._model, Turned):
            for name in _LEARNED.split():
                setattr(self, name, getattr(self._model.estimator, name))
            return
        self.support_vectors_ = self._parts("support_vectors")[0]
        self.dual_coef_ = self._parts("dual_coef")[0][None, :]
        self.intercept_ = -self._parts("rho")[0].reshape(1)
        # Equal rows are one to the core; the first of them stands for all. + 0.0 has no -0.0.
        places: dict[bytes, int] = {}
        for i, row in enumerate(X + 0.0):
            places.setdefault(row.tobytes(), i)
        self.support_ = np.array([places[row.tobytes()] for row in self.support_vectors_], np.int32)

    @property
    def coef_(self) -> NDArray[np.float64]:
        """Weights of the columns, with the linear kernel."""
        if self.kernel != "linear":
            raise AttributeError("coef_ is only there with the linear kernel")
        return self.dual_coef_ @ self.support_vectors_
