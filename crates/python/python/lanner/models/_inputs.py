"""What comes in from outside: rows, copies, random states."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_consistent_length, validate_data

Rows = NDArray[np.float64]
Copies = NDArray[np.int64]


def rows(estimator: Any, X: Any, *, fitting: bool, sparse: bool = False) -> Rows:
    """The rows as a C-contiguous table of finite 64-bit floats; no copy where they are one already.

    Raises what scikit-learn raises for anything else, and remembers or compares the number and names
    of the columns as it does. A sparse matrix, where it is taken, is written out.
    """
    X = validate_data(
        estimator, X, reset=fitting, dtype=np.float64, order="C", accept_sparse=sparse and "csr"
    )
    return X.toarray() if issparse(X) else X


def copies(sample_weight: Any, X: Rows) -> Copies:
    """How many rows each row stands for: whole numbers, 0 for a row that is only scored.

    Raises
    ------
    ValueError
        For weights that are no whole numbers, negative, or all 0.
    """
    if sample_weight is None:
        return np.ones(len(X), dtype=np.int64)
    weights = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weights.ndim != 1:
        raise ValueError(f"Sample weights must be 1D array or scalar, got {weights.ndim}D array")
    check_consistent_length(X, weights)
    if (weights < 0).any() or (weights != np.floor(weights)).any() or weights.sum() >= 2**53:
        raise ValueError(
            "sample_weight counts the copies of each row: whole numbers, 0 or more, with a sum "
            "below 2**53. Multiply shares until they are whole."
        )
    if not weights.any():
        raise ValueError("every sample_weight is zero; there is nothing to fit on.")
    return weights.astype(np.int64)


def seed(random_state: Any) -> int:
    """The seed of a fit: the number itself, or one drawn from a RandomState."""
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool):
        check_random_state(random_state)
        return int(random_state)
    return int(check_random_state(random_state).randint(2**32, dtype=np.uint64))
