"""Rotation-based outlier detection, as ``pyod.models.rod``."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.preprocessing import MinMaxScaler

from lanner.models._detector import CoreDetector


@dataclass(eq=False, repr=False)
class ROD(CoreDetector, core="ROD"):
    contamination: Any = 0.1
    parallel_execution: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.parallel_execution, bool):
            kind = type(self.parallel_execution).__name__
            raise TypeError(f"ROD.parallel_execution must be True or False, not a {kind}")


# Pieces of the method under PyOD's names, for those who call them there; they fit, and only that.


def rod_3D(x: Any, gm: Any = None, median: Any = None, scaler1: Any = None, scaler2: Any = None) -> Any:
    """Fits rows of three columns: their scores, the geometric median, the median cost, and None twice.

    Raises
    ------
    IndexError
        For another number of columns.
    ValueError
        If anything fitted before is given: score new rows with a ``ROD`` instead.
    """
    _only_fitting(gm, median, scaler1, scaler2)
    x = np.asarray(x, dtype=np.float64)
    if x.shape[1] != 3:
        raise IndexError(f"rod_3D takes rows of three columns, not {x.shape[1]}")
    detector = ROD().fit(x)
    centre = detector._parts("geometric_medians")[0][0]
    if not centre.any():
        warnings.warn(
            "norm_ == 0: rows cannot be turned about a median at the origin; scores go by the distance "
            "from the geometric median alone",
            RuntimeWarning,
            stacklevel=2,
        )
    return detector.decision_scores_, list(centre), detector._parts("medians")[0][0], None, None


def process_sub(subspace: Any, gm: Any, median: Any, scaler1: Any, scaler2: Any) -> Any:
    """As ``rod_3D``, the scores squeezed into 0.5 to 1."""
    scores, *rest = rod_3D(subspace, gm, median, scaler1, scaler2)
    return sigmoid(scores), *rest


def rod_nD(
    X: Any,
    parallel: bool,
    gm: Any = None,
    median: Any = None,
    data_scaler: Any = None,
    angles_scalers1: Any = None,
    angles_scalers2: Any = None,
) -> Any:
    """Fits rows of more than three columns: scores, geometric medians, median costs, and thrice None."""
    _only_fitting(gm, median, data_scaler, angles_scalers1, angles_scalers2)
    detector = ROD(parallel_execution=parallel).fit(X)
    centres, medians = detector._parts("geometric_medians")[0], detector._parts("medians")[0]
    return detector.decision_scores_, list(centres), list(medians), None, None, None


def _only_fitting(*fitted: Any) -> None:
    if any(part is not None for part in fitted):
        raise ValueError("score new rows with the decision_function of a fitted ROD")


def scale_angles(gammas: Any, scaler1: Any = None, scaler2: Any = None) -> Any:
    """Angles up to a right angle brought to 0.001..0.955, larger ones to pi/2 + 0.001..2.186.

    Also gives the two scalers, fitted unless they were given.
    """
    gammas = np.asarray(gammas, dtype=np.float64)
    acute = gammas <= np.pi / 2
    scaled, scalers = gammas.copy(), []
    ranges = ((0.001, 0.955), (np.pi / 2 + 0.001, 2.186))
    for chosen, ends, given in zip((acute, ~acute), ranges, (scaler1, scaler2)):
        scaler = given
        if scaler is None:
            scaler = MinMaxScaler(feature_range=ends)
            scaler.fit(np.append(gammas[chosen], ends).reshape(-1, 1))
        if chosen.any():
            scaled[chosen] = scaler.transform(gammas[chosen].reshape(-1, 1)).ravel()
        scalers.append(scaler)
    return scaled, *scalers


def angle(v1: Any, v2: Any) -> float:
    """The angle between two vectors, in radians."""
    lengths = np.linalg.norm(v1) * np.linalg.norm(v2)
    return float(np.arccos(np.clip(np.dot(v1, v2) / lengths, -1, 1)))


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-np.asarray(x, float)))


def mad(costs: Any, median: float | None = None) -> tuple[Any, float]:
    """How many median deviations the costs are from their median, times 0.6745; and that median."""
    costs = np.ravel(costs).astype(float)
    median = float(np.nanmedian(costs)) if median is None else median
    away = np.abs(costs - median)
    return 0.6745 * away / np.median(away), median
