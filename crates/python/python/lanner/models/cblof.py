"""Cluster-based local outlier factor, as ``pyod.models.cblof``."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import pairwise_distances_argmin, pairwise_distances_argmin_min
from sklearn.utils.estimator_checks import check_estimator

from lanner import _lanner
from lanner.models._detector import CoreDetector, Foreign
from lanner.models._inputs import Copies, Rows


class KMeans:
    """The clusters that the built-in k-means formed."""

    def __init__(self, centers: Any, X: Rows) -> None:
        self.cluster_centers_ = centers
        self.labels_ = self.predict(X)

    def predict(self, X: Rows) -> Any:
        """The number of the cluster nearest to each row."""
        return pairwise_distances_argmin(X, self.cluster_centers_)


class _Split:
    """Clusters made by an object of the user's, parted into large and small ones."""

    def __init__(self, clustering: Any, alpha: float, beta: float, use_weights: bool) -> None:
        self.clustering, self._use_weights = clustering, use_weights
        self._alpha, self._beta = alpha, beta

    def fit(self, X: Rows) -> Any:
        """Forms the clusters and gives the scores of the rows."""
        self.clustering.fit(X)
        labels = np.asarray(self.clustering.labels_)
        self.sizes = np.bincount(labels)
        if hasattr(self.clustering, "cluster_centers_"):
            self.centers = np.asarray(self.clustering.cluster_centers_)
        else:
            # Empty clusters have no mean, and no row either.
            sums = np.stack([np.bincount(labels, column) for column in X.T], axis=1)
            self.centers = sums / np.maximum(self.sizes, 1)[:, None]
        order = np.argsort(-self.sizes, kind="stable")
        self.large = order[: split(self.sizes, self._alpha, self._beta)]
        return self._of(X, labels)

    def score(self, X: Rows) -> Any:
        """Scores new rows."""
        return self._of(X, np.asarray(self.clustering.predict(X)))

    def _of(self, X: Rows, labels: Any) -> Any:
        own = np.linalg.norm(X - self.centers[labels], axis=1)
        nearest = pairwise_distances_argmin_min(X, self.centers[self.large])[1]
        scores = np.where(np.isin(labels, self.large), own, nearest)
        return scores * self.sizes[labels] if self._use_weights else scores


def split(sizes: Any, alpha: float, beta: float) -> int:
    """How many of the clusters, the largest first, are large ones.

    The first place at which they hold ``alpha`` of the rows and are ``beta`` times larger than the next;
    else the first where one of the two holds, ``alpha`` before ``beta``.
    """
    ordered = np.sort(sizes)[::-1].astype(float)
    places = np.arange(1, len(ordered))
    held = np.cumsum(ordered)[:-1] >= ordered.sum() * alpha
    steep = ordered[:-1] >= beta * ordered[1:]
    for chosen in (held & steep, held, steep):
        if chosen.any():
            return int(places[chosen][0])
    raise ValueError(
        "CBLOF: no split of the clusters into large and small ones satisfies alpha or beta; other "
        "values or another n_clusters may"
    )


@dataclass(eq=False, repr=False)
class CBLOF(CoreDetector, core="CBLOF"):
    """A ``clustering_estimator`` is fitted as it is, not a copy of it, as PyOD does."""

    n_clusters: int = 8
    contamination: Any = 0.1
    clustering_estimator: Any = None
    alpha: float = 0.9
    beta: float = 5
    use_weights: bool = False
    check_estimator: bool = False
    random_state: Any = None
    n_jobs: int | None = 1

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Fits the detector, as the others are; warns of ``n_jobs``."""
        if self.n_jobs != 1:
            text = "The 'n_jobs' parameter is deprecated, as in PyOD: it has no effect"
            warnings.warn(text, FutureWarning, stacklevel=2)
        return super().fit(X, y, sample_weight)

    def _foreign(self) -> Foreign | None:
        if self.clustering_estimator is None:
            return None
        _lanner.check(self._core, self._given())
        if self.check_estimator:
            check_estimator(self.clustering_estimator)
        return _Split(self.clustering_estimator, self.alpha, self.beta, self.use_weights)

    def _learned(self, X: Rows, copies: Copies) -> None:
        if isinstance(self._model, _Split):
            self.clustering_estimator_ = self._model.clustering
            self.cluster_centers_ = self._model.centers
            self.cluster_labels_ = np.asarray(self.clustering_estimator_.predict(X))
        else:
            self.clustering_estimator_ = KMeans(self._parts("centers")[0], X)
            self.cluster_centers_ = self.clustering_estimator_.cluster_centers_
            self.cluster_labels_ = self.clustering_estimator_.labels_
        counted = np.bincount(self.cluster_labels_, weights=copies)
        self.cluster_sizes_ = counted.astype(np.int64)
        self.n_clusters_ = len(self.cluster_sizes_)
        order = np.argsort(-self.cluster_sizes_, kind="stable")
        large = np.isin(order, self._large_labels())
        self.large_cluster_labels_ = order[large]
        self.small_cluster_labels_ = order[~large]
        self._clustering_threshold = len(self.large_cluster_labels_)
        self._large_cluster_centers = self.cluster_centers_[self.large_cluster_labels_]

    def _large_labels(self) -> Any:
        if isinstance(self._model, _Split):
            return self._model.large
        return np.flatnonzero(self._parts("large")[0])
