"""What all detectors share: thresholds, labels, probabilities, confidence."""

from __future__ import annotations

import abc
import numbers
import warnings
from typing import Any, Literal

import numpy as np
from scipy.special import betaincinv, erf
from scipy.stats import binom
from sklearn.base import BaseEstimator
from sklearn.metrics import precision_score, roc_auc_score
from sklearn.utils.validation import check_is_fitted

from lanner import _lanner

_FITTED = ["decision_scores_", "threshold_", "labels_"]


class BaseDetector(BaseEstimator, metaclass=abc.ABCMeta):
    """An outlier detector with the methods and attributes of PyOD's.

    A subclass sets ``decision_scores_`` in ``fit`` (larger is odder) and calls
    ``_process_decision_scores``; it may set ``_copies`` before, the number of rows that each of its rows
    stands for.

    Parameters
    ----------
    contamination : float in (0, 0.5], or a thresholder (default=0.1)
        Share of odd rows, which sets the threshold; or an object with ``fit(scores)``, ``predict(scores)``,
        ``labels_`` and ``thresh_`` (as PyThresh's), which sets it by itself.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_samples,)
        Scores of the rows fitted on; larger is odder.
    threshold_ : float
        Score above which a row is odd.
    labels_ : ndarray of shape (n_samples,)
        1 for odd rows, 0 for the others.
    """

    @abc.abstractmethod
    def __init__(self, contamination: Any = 0.1) -> None:
        self.contamination = contamination
        self._check_contamination()

    def _check_contamination(self) -> None:
        share = self._given_share()
        if share is not None and not 0.0 < share <= 0.5:
            raise ValueError(f"contamination must be in (0, 0.5], got: {share}")

    def _given_share(self) -> float | None:
        """The share of odd rows; none where a thresholder finds it."""
        given = self.contamination
        return float(given) if isinstance(given, numbers.Real) else None

    @abc.abstractmethod
    def fit(self, X: Any, y: Any = None) -> Any:
        """Fits the detector to rows; y is ignored."""

    @abc.abstractmethod
    def decision_function(self, X: Any) -> Any:
        """Scores rows; larger is odder."""

    def fit_predict(self, X: Any, y: Any = None) -> Any:
        """Fits the detector and gives the labels of the rows it was fitted on: 1 for odd ones."""
        self.fit(X, y)
        return self.labels_

    def fit_predict_score(self, X: Any, y: Any, scoring: str = "roc_auc_score") -> float:
        """Fits the detector and measures its scores against known labels.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            The rows.
        y : array of shape (n_samples,)
            1 for rows known to be odd, else 0.
        scoring : {"roc_auc_score", "prc_n_score"} (default="roc_auc_score")
            Area under the ROC curve, or precision among the n best where n rows are odd.
        """
        self.fit(X)
        if scoring == "roc_auc_score":
            return float(roc_auc_score(y, self.decision_scores_))
        if scoring == "prc_n_score":
            share = np.count_nonzero(y) / len(y)
            best = self.decision_scores_ > np.percentile(self.decision_scores_, 100 * (1 - share))
            return float(precision_score(y, best.astype(int)))
        raise NotImplementedError(f"scoring is roc_auc_score or prc_n_score, not {scoring!r}")

    def predict(self, X: Any, return_confidence: bool = False) -> Any:
        """Says which rows are odd.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            The rows.
        return_confidence : bool (default=False)
            Give the confidence (see ``predict_confidence``) too.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            1 for odd rows, 0 for the others.
        confidence : ndarray of shape (n_samples,)
            If asked for.
        """
        check_is_fitted(self, _FITTED)
        scores = self.decision_function(X)
        labels = self._labels_of(scores)
        return (labels, self._confidence(scores, labels)) if return_confidence else labels

    def predict_proba(self, X: Any, method: str = "linear", return_confidence: bool = False) -> Any:
        """Turns scores into probabilities of being odd.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            The rows.
        method : {"linear", "unify"} (default="linear")
            Place between the least and the largest fitted score; or by the error function of the standard
            score (H.-P. Kriegel and others, Interpreting and Unifying Outlier Scores, SDM 2011).
        return_confidence : bool (default=False)
            Give the confidence (see ``predict_confidence``) too.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, 2)
            Of being ordinary, and of being odd.
        confidence : ndarray of shape (n_samples,)
            If asked for.
        """
        check_is_fitted(self, _FITTED)
        if method not in ("linear", "unify"):
            raise ValueError(f"method is linear or unify, not {method!r}")
        scores = self.decision_function(X)
        if method == "linear":
            fitted = np.asarray(self.decision_scores_)[self._counted() > 0]
            least, most = fitted.min(), fitted.max()
            odd = (scores - least) / ((most - least) or 1.0)
        else:
            odd = erf((scores - self._mu) / ((self._sigma or 1.0) * np.sqrt(2)))
        odd = np.clip(odd, 0, 1)
        chances = np.column_stack([1 - odd, odd])
        if not return_confidence:
            return chances
        return chances, self._confidence(scores, self._labels_of(scores))

    def predict_confidence(self, X: Any) -> Any:
        """How sure the labels are: the chance that a slightly different training set gives the same ones.

        Source: L. Perini, V. Vercruyssen, J. Davis, Quantifying the Confidence of Anomaly Detectors in
        Their Example-Wise Predictions, ECML PKDD 2020.
        """
        check_is_fitted(self, _FITTED)
        scores = self.decision_function(X)
        return self._confidence(scores, self._labels_of(scores))

    def _confidence(self, scores: Any, labels: Any) -> Any:
        total = int(self._counted().sum())
        chance = (1.0 + self._rows_below(scores, "right")) / (2.0 + total)
        sure = 1 - binom.cdf(total - int(total * self._share()), total, chance)
        return np.where(labels == 0, 1 - sure, sure)

    def predict_with_rejection(
        self,
        X: Any,
        T: float = 32,
        return_stats: bool = False,
        delta: float = 0.1,
        c_fp: float = 1,
        c_fn: float = 1,
        c_r: float = -1,
    ) -> Any:
        """Says which rows are odd, and leaves open (-2) those it is not sure of.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            The rows.
        T : float (default=32)
            Rows with a confidence margin up to 1 - 2 exp(-T) are left open.
        return_stats : bool (default=False)
            Give expected share left open, its upper bound, and the upper bound of the cost too.
        delta : float in (0, 1) (default=0.1)
            The bound holds with probability 1 - delta.
        c_fp, c_fn, c_r : float (default=1, 1, contamination)
            Costs of a false alarm, a miss, and a row left open.

        Source: L. Perini, J. Davis, Unsupervised Anomaly Detection with Rejection, NeurIPS 2023.
        """
        check_is_fitted(self, _FITTED)
        labels, confidence = self.predict(X, return_confidence=True)
        self.rejection_threshold_ = 1 - 2 * np.exp(-T)
        margin = 2 * np.abs(np.where(labels == 0, 1 - confidence, confidence) - 0.5)
        labels = np.where(margin <= self.rejection_threshold_, -2, labels)
        if not return_stats:
            return labels
        return labels, list(self.compute_rejection_stats(T, delta, c_fp, c_fn, c_r))

    def compute_rejection_stats(
        self,
        T: float = 32,
        delta: float = 0.1,
        c_fp: float = 1,
        c_fn: float = 1,
        c_r: float = -1,
        verbose: bool = False,
    ) -> tuple[float, float, float]:
        """Expected share of rows left open, its upper bound, and the upper bound of the cost.

        See ``predict_with_rejection``. ``verbose`` is taken because PyOD takes it; nothing is printed.
        """
        check_is_fitted(self, _FITTED)
        share = self._share()
        if c_r < 0:
            c_r = share
        if not 0 < delta < 1:
            warnings.warn("delta must lie between 0 and 1; 0.1 is taken", stacklevel=2)
            delta = 0.1
        n = float(self._counted().sum())
        k = int(n * share) - 1
        if k < 0:
            raise ValueError("rejection needs at least 1 / contamination rows to be fitted on")
        # The p at which a binomial of n draws stays at or below k with a given chance.
        low, high = (1 - betaincinv(n - k, k + 1, c) for c in (1 - np.exp(-T), np.exp(-T)))
        right = (-share * (n + 2) + n + 1) / n + T * (n + 2) / np.sqrt(2 * n**3 * T)
        inner = 2 * n * (-3 * share**2 - 2 * n * (1 - share) ** 2 + 4 * share - 3)
        root = np.sqrt(0.5 * n**5 * (inner + T * (n + 2) ** 2 - 8)) / n**4
        left = (2 + n * (1 - share) * (n + 1)) / n**2 - root
        bound = min(1.0, right) - max(0.0, left) + 2 * np.sqrt(np.log(2 / delta) / (2 * n))
        cost = min(share, low) * c_fp + min(1 - high, share) * c_fn + (high - low) * c_r
        return float(high - low), float(bound), float(cost)

    def _predict_rank(self, X: Any, normalized: bool = False) -> Any:
        """How many of the fitted rows score below each row; as a share of the largest if normalized."""
        check_is_fitted(self, ["decision_scores_"])
        ranks = self._rows_below(self.decision_function(X), "left")
        return ranks / (ranks.max() or 1) if normalized else ranks

    def _rows_below(self, scores: Any, side: Literal["left", "right"]) -> Any:
        """How many of the fitted rows, written out, score below each score, or (right) up to it."""
        order = np.argsort(self.decision_scores_, kind="stable")
        upto = np.concatenate([[0], np.cumsum(self._counted()[order])])
        return upto[np.searchsorted(self.decision_scores_[order], scores, side=side)]

    def _set_n_classes(self, y: Any) -> Any:
        """Warns of labels, which nothing here learns from."""
        self._classes = 2
        if y is not None:
            warnings.warn("y is ignored: the detectors learn without labels", stacklevel=3)
        return self

    def _process_decision_scores(self) -> Any:
        """Sets the threshold and the labels from ``decision_scores_``."""
        scores = np.ascontiguousarray(self.decision_scores_, dtype=np.float64)
        copies = self._counted()
        share = self._given_share()
        if share is not None:
            self.threshold_ = _lanner.percentile(scores, copies, 100 * (1 - share))
            self.labels_ = (scores > self.threshold_).astype(int)
        else:
            self.contamination.fit(np.repeat(scores, copies))
            last = np.cumsum(copies) - 1
            labels = np.asarray(self.contamination.labels_)
            # A row without copies was not shown to the thresholder.
            self.labels_ = np.where(copies > 0, labels[last], 0).astype(int)
            self.threshold_ = self.contamination.thresh_ or float(np.mean(labels))
        self._mu = np.average(scores, weights=copies)
        self._sigma = np.sqrt(np.average((scores - self._mu) ** 2, weights=copies))
        return self

    def _labels_of(self, scores: Any) -> Any:
        if self._given_share() is not None:
            return (scores > self.threshold_).astype(int)
        return np.asarray(self.contamination.predict(scores))

    def _counted(self) -> Any:
        """Rows that each fitted row stands for."""
        copies = getattr(self, "_copies", None)
        return np.ones(len(self.decision_scores_), np.int64) if copies is None else copies

    def _share(self) -> float:
        share = self._given_share()
        if share is not None:
            return share
        return float(np.average(self.labels_, weights=self._counted()))

    def __repr__(self) -> str:
        """All parameters in the order of their names, long values cut as scikit-learn used to."""
        head = f"{type(self).__name__}("
        indent = " " * (1 + len(type(self).__name__) // 2)
        text, width = head, len(head)
        with np.printoptions(precision=5, threshold=64, edgeitems=2):
            for at, (name, value) in enumerate(sorted(self.get_params(deep=False).items())):
                shown = f"{name}={value!r}"
                if len(shown) > 500:
                    shown = f"{shown[:300]}...{shown[-100:]}"
                if at and (width + len(shown) >= 75 or "\n" in shown):
                    text, width = f"{text},\n{indent}", len(indent)
                elif at:
                    text, width = f"{text}, ", width + 2
                text, width = text + shown, width + len(shown)
        return f"{text})"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "outlier_detector"
        return tags
