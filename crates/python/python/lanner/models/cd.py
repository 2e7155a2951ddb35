"""Cook's distance, as ``pyod.models.cd``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LinearRegression

from lanner.models._detector import CoreDetector, Foreign
from lanner.models._inputs import Copies, Rows


class _Regressions:
    """Cook's distances in regressions of each column on the others by an object of the user's."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def fit(self, X: Rows) -> Any:
        """Fits the regressions and gives the scores of the rows."""
        if X.shape[1] < 2:
            raise ValueError("CD: a regression needs at least two columns")
        self.models, self._leverage, self._range = [], [], []
        scores = np.zeros(len(X))
        for j in range(X.shape[1]):
            others = np.delete(X, j, axis=1)
            self.models.append(clone(self._model).fit(others, X[:, j]))
            self._leverage.append(np.linalg.pinv(others.T @ others))
            distances = self._distances(X, j)
            least, most = distances.min(), distances.max()
            self._range.append((least, (most - least) or 1.0))
            scores += (distances - least) / self._range[-1][1]
        return scores / X.shape[1]

    def score(self, X: Rows) -> Any:
        """Scores new rows."""
        places = ((self._distances(X, j) - least) / width for j, (least, width) in enumerate(self._range))
        return sum(places, np.zeros(len(X))) / X.shape[1]

    def _distances(self, X: Rows, j: int) -> Any:
        others = np.delete(X, j, axis=1)
        residuals = X[:, j] - np.ravel(self.models[j].predict(others))
        leverage = np.einsum("ij,jk,ik->i", others, self._leverage[j], others)
        leverage = np.minimum(leverage, 1 - 1e-12)
        return residuals**2 * leverage / (1 - leverage) ** 2


@dataclass(eq=False, repr=False)
class CD(CoreDetector, core="CD"):
    """With a ``model`` its copies predict each column; for new rows too, nothing is fitted anew."""

    contamination: Any = 0.1
    model: Any = None

    def _foreign(self) -> Foreign | None:
        return None if self.model is None else _Regressions(self.model)

    def _learned(self, X: Rows, copies: Copies) -> None:
        if isinstance(self._model, _Regressions):
            self._models = self._model.models
            return
        means = self._parts("means")[0]
        slopes = np.zeros((len(means), len(means)))
        slopes[self._parts("fields")[0].astype(np.intp)] = self._parts("slopes")[0]
        self._models = []
        for j, slope in enumerate(slopes):
            regression = LinearRegression()
            regression.coef_ = np.delete(slope, j)
            regression.intercept_ = means[j] - slope @ means
            regression.n_features_in_ = len(means) - 1
            self._models.append(regression)
