"""A row with copies counts as the rows written out, whatever the rows and however they are ordered."""

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from conftest import fitted


@st.composite
def tables(draw):
    """A few distinct rows of small numbers, so that distances are often equal, and their copies."""
    seed = draw(st.integers(0, 2**32 - 1))
    rows = draw(st.integers(12, 30))
    columns = draw(st.integers(2, 4))
    most = draw(st.integers(1, 9))
    random = np.random.RandomState(seed)
    X = random.randint(0, 6, size=(rows, columns)).astype(float) * random.choice([1.0, 0.25])
    return X, random.randint(1, most + 1, size=rows), random


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_copies_and_rows_written_out_give_one_result(name, case):
    X, copies, random = case
    order = random.permutation(np.repeat(np.arange(len(X)), copies))
    try:
        short = fitted(name, X, sample_weight=copies)
    except ValueError:
        # Not defined on these rows; then neither written out.
        try:
            fitted(name, X[order])
        except ValueError:
            return
        raise
    long = fitted(name, X[order])
    assert_array_equal(short.decision_scores_[order], long.decision_scores_)
    assert short.threshold_ == long.threshold_
    assert_array_equal(short.labels_[order], long.labels_)
    new = X[:7] + 0.125
    assert_array_equal(short.decision_function(new), long.decision_function(new))
    for method in ("linear", "unify"):
        chances = short.predict_proba(new, method)
        assert_allclose(chances, long.predict_proba(new, method), atol=1e-9)
    assert_allclose(short.predict_confidence(new), long.predict_confidence(new), atol=1e-9)
    assert_array_equal(short._predict_rank(new), long._predict_rank(new))
    assume(long.decision_scores_.size * 0.1 >= 1)
    assert short.compute_rejection_stats() == long.compute_rejection_stats()


def test_a_row_without_copies_is_scored_and_not_fitted_on(table):
    copies = np.ones(len(table), int)
    copies[-1] = 0
    for name in ("HBOS", "KNN", "IForest", "LMDD", "LUNAR", "CBLOF"):
        without = fitted(name, table[:-1])
        shown = fitted(name, table, sample_weight=copies)
        assert_array_equal(shown.decision_scores_[:-1], without.decision_scores_)
        assert shown.threshold_ == without.threshold_
        if name != "LMDD":
            assert shown.decision_scores_[-1] == without.decision_function(table[-1:])[0]
