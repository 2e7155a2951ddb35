"""Scores of several detectors as one score a row.

Bring the scores to one scale first; every function takes an array of shape (n_samples, n_estimators).
Source: C. C. Aggarwal, S. Sathe, Theoretical Foundations and Algorithms for Outlier Ensembles, SIGKDD
Explorations 17(1), 2015.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils import check_array, check_random_state

__all__ = ["aom", "average", "majority_vote", "maximization", "median", "moa"]


def average(scores: Any, estimator_weights: Any = None) -> Any:
    """The mean score of each row, weighted by detector if weights (1, n_estimators) are given."""
    scores = check_array(scores)
    if estimator_weights is None:
        return scores.mean(axis=1)
    weights = np.ravel(estimator_weights)
    if len(weights) != scores.shape[1]:
        raise ValueError(f"{len(weights)} weights for {scores.shape[1]} detectors")
    return np.average(scores, axis=1, weights=weights)


def maximization(scores: Any) -> Any:
    """The largest score of each row."""
    return check_array(scores).max(axis=1)


def median(scores: Any) -> Any:
    """The median score of each row."""
    return np.median(check_array(scores), axis=1)


def majority_vote(scores: Any, weights: Any = None) -> Any:
    """The label that most detectors give a row, each counted by its weight; of equal ones the least."""
    labels = check_array(scores)
    weights = np.ones(labels.shape[1]) if weights is None else np.ravel(weights)
    if len(weights) != labels.shape[1]:
        raise ValueError(f"{len(weights)} weights for {labels.shape[1]} detectors")
    kinds = np.unique(labels)
    votes = np.stack([(labels == kind) @ weights for kind in kinds], axis=1)
    return kinds[votes.argmax(axis=1)]


def aom(
    scores: Any,
    n_buckets: int = 5,
    method: str = "static",
    bootstrap_estimators: bool = False,
    random_state: Any = None,
) -> Any:
    """The average over groups of detectors of the largest score in each.

    Parameters
    ----------
    scores : array of shape (n_samples, n_estimators)
        The scores.
    n_buckets : int (default=5)
        Number of groups, 2 or more.
    method : {"static", "dynamic"} (default="static")
        Groups of equal size, or of random size.
    bootstrap_estimators : bool (default=False)
        A static group is drawn anew from all detectors, so that one may be in several.
    random_state : int, RandomState or None (default=None)
        Draws the groups.
    """
    buckets = _buckets(scores, n_buckets, method, bootstrap_estimators, random_state, np.max)
    return buckets.mean(axis=1)


def moa(
    scores: Any,
    n_buckets: int = 5,
    method: str = "static",
    bootstrap_estimators: bool = False,
    random_state: Any = None,
) -> Any:
    """The largest over groups of detectors of the average score in each; parameters as for ``aom``."""
    buckets = _buckets(scores, n_buckets, method, bootstrap_estimators, random_state, np.mean)
    return buckets.max(axis=1)


def _buckets(
    scores: Any,
    n_buckets: int,
    method: str,
    bootstrap: bool,
    random_state: Any,
    within: Callable[..., Any],
) -> Any:
    scores = check_array(scores)
    detectors = scores.shape[1]
    if not 2 <= n_buckets <= detectors:
        raise ValueError(f"n_buckets must be 2 to {detectors}, the number of detectors")
    random = check_random_state(random_state)
    if method == "static":
        size, rest = divmod(detectors, n_buckets)
        if rest:
            raise ValueError(f"{detectors} detectors make no {n_buckets} groups of equal size")
        if bootstrap:
            groups = [random.permutation(detectors)[:size] for _ in range(n_buckets)]
        else:
            groups = np.split(random.permutation(detectors), n_buckets)
    elif method == "dynamic":
        sizes = random.randint(2, max(3, detectors // 2), size=n_buckets)
        groups = [random.permutation(detectors)[:size] for size in sizes]
    else:
        raise ValueError(f"method is static or dynamic, not {method!r}")
    return np.stack([within(scores[:, group], axis=1) for group in groups], axis=1)
