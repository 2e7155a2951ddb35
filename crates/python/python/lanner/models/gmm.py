"""Gaussian mixture, as ``pyod.models.gmm``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.mixture import GaussianMixture

from lanner.models._detector import CoreDetector, Foreign
from lanner.models._foreign import Turned
from lanner.models._inputs import Copies, Rows

_LEARNED = "weights_ means_ covariances_ precisions_ precisions_cholesky_ converged_ n_iter_ lower_bound_"


@dataclass(eq=False, repr=False)
class GMM(CoreDetector, core="GMM"):
    """With given starts (``weights_init``, ``means_init``, ``precisions_init``) scikit-learn's is used."""

    n_components: int = 1
    covariance_type: str = "full"
    tol: float = 1e-3
    reg_covar: float = 1e-6
    max_iter: int = 100
    n_init: int = 1
    init_params: str = "kmeans"
    weights_init: Any = None
    means_init: Any = None
    precisions_init: Any = None
    random_state: Any = None
    warm_start: bool = False
    contamination: Any = 0.1

    _fixed: ClassVar[dict[str, tuple[Any, ...]]] = {"warm_start": (False,)}

    def _foreign(self) -> Foreign | None:
        starts = (self.weights_init, self.means_init, self.precisions_init)
        if all(start is None for start in starts):
            return None
        given = self.get_params(deep=False)
        given.pop("contamination")
        return Turned(GaussianMixture(**given))

    def _learned(self, X: Rows, copies: Copies) -> None:
        if isinstance(self._model, Turned):
            for name in _LEARNED.split():
                setattr(self, name, getattr(self._model.estimator, name))
            return
        self.weights_ = self._parts("weights")[0]
        self.means_ = self._parts("means")[0]
        self.n_iter_ = int(self._parts("steps")[0])
        self.converged_ = bool(self._parts("settled")[0])
        self.lower_bound_ = -float(np.average(self.decision_scores_, weights=copies))
        self._set_covariances()

    def _set_covariances(self) -> None:
        """Covariances and the like in the shapes that scikit-learn gives each type."""
        d = self.means_.shape[1]
        whitening = self._parts("whitening")
        if self.covariance_type in ("diag", "spherical"):
            inverse = np.stack(whitening)
            inverse = inverse[:, 0] if self.covariance_type == "spherical" else inverse
            self.precisions_cholesky_ = inverse
            self.precisions_, self.covariances_ = inverse**2, inverse**-2.0
            return
        factors = np.zeros((len(whitening), d, d))
        lower = np.tril_indices(d)
        for factor, rows in zip(factors, whitening):
            factor[lower] = rows
        if self.covariance_type == "tied":
            factors = factors[0]
        self.precisions_cholesky_ = np.swapaxes(factors, -1, -2)
        self.precisions_ = self.precisions_cholesky_ @ factors
        self.covariances_ = np.linalg.inv(self.precisions_)
