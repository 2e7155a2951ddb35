"""Thresholds, probabilities, confidence and rejection, against their formulas written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import brentq
from scipy.special import erf
from scipy.stats import binom

from conftest import fitted
from lanner import _lanner
from lanner.models.base import BaseDetector
from lanner.models.combination import aom, average, majority_vote, maximization, median, moa

floats = st.floats(-1e6, 1e6)


class Given(BaseDetector):
    """Scores are the first column."""

    def __init__(self, contamination=0.1):
        super().__init__(contamination)

    def fit(self, X, y=None):
        self.decision_scores_ = np.asarray(X)[:, 0]
        return self._process_decision_scores()

    def decision_function(self, X):
        return np.asarray(X)[:, 0]


@settings(deadline=None)
@given(st.lists(st.tuples(floats, st.integers(1, 5)), min_size=1, max_size=30), st.floats(0, 100))
def test_a_percentile_is_numpys_of_the_values_written_out(pairs, percent):
    values, copies = (np.array(column) for column in zip(*pairs))
    wanted = np.percentile(np.repeat(values, copies), percent)
    assert _lanner.percentile(values.astype(float), copies.astype(np.int64), percent) == wanted


def test_probabilities_and_confidence_by_their_formulas():
    X = np.random.RandomState(5).gamma(2.0, size=(60, 1))
    new = np.array([[0.0], [1.0], [2.5], [9.0]])
    detector = Given(0.2).fit(X)
    least, most = X.min(), X.max()
    linear = np.clip((new[:, 0] - least) / (most - least), 0, 1)
    assert_allclose(detector.predict_proba(new)[:, 1], linear)
    unified = np.clip(erf((new[:, 0] - X.mean()) / (X.std() * np.sqrt(2))), 0, 1)
    assert_allclose(detector.predict_proba(new, "unify"), np.stack([1 - unified, unified], 1))
    for value, sure, label in zip(new[:, 0], detector.predict_confidence(new), detector.predict(new)):
        chance = (1 + np.count_nonzero(X <= value)) / (2 + 60)
        odd = 1 - binom.cdf(60 - 12, 60, chance)
        assert sure == pytest.approx(odd if label else 1 - odd)
    with pytest.raises(ValueError, match="linear or unify"):
        detector.predict_proba(new, "guess")


def test_rejection_by_the_equations_that_define_it():
    X = np.random.RandomState(5).gamma(2.0, size=(200, 1))
    detector = Given(0.1).fit(X)
    expected, bound, cost = detector.compute_rejection_stats(T=8)
    low, high = (
        brentq(lambda p, c=c: binom.cdf(19, 200, p) - c, 0, 1, xtol=1e-14)
        for c in (1 - np.exp(-8), np.exp(-8))
    )
    assert expected == pytest.approx(high - low, abs=1e-9)
    assert 0 <= bound <= 1 and cost == pytest.approx(low + min(1 - high, 0.1) + 0.1 * (high - low))
    labels, stats = detector.predict_with_rejection(X, T=8, return_stats=True)
    assert set(labels) <= {-2, 0, 1} and stats == [expected, bound, cost]
    assert np.mean(labels == -2) < np.mean(detector.predict_with_rejection(X, T=32) == -2)
    with pytest.raises(ValueError, match="1 / contamination"):
        Given(0.1).fit(X[:5]).compute_rejection_stats()


def test_a_thresholder_sets_threshold_and_labels(table):
    class Highest:
        """Calls the three largest scores odd."""

        def fit(self, scores):
            self.thresh_ = np.sort(scores)[-3]
            self.labels_ = (scores >= self.thresh_).astype(int)

        def predict(self, scores):
            return (scores >= self.thresh_).astype(int)

    for name in ("GMM", "IForest"):
        detector = fitted(name, table, contamination=Highest())
        assert detector.labels_.sum() == 3
        assert_array_equal(detector.predict(table), detector.labels_)
        assert detector.predict_confidence(table).shape == (len(table),)
    twice = np.full(len(table), 2)
    assert fitted("GMM", table, sample_weight=twice, contamination=Highest()).labels_.sum() == 2


def test_parameters_are_shown_by_name():
    assert repr(Given(0.25)) == "Given(contamination=0.25)"
    assert len(repr(Given([0.5] * 1000))) < 450


def test_measures_against_labels(table):
    known = np.r_[np.zeros(len(table) - 1), 1]
    detector = fitted("KNN", table)
    assert detector.fit_predict_score(table, known) == 1.0
    assert detector.fit_predict_score(table, known, scoring="prc_n_score") == 1.0
    with pytest.raises(NotImplementedError):
        detector.fit_predict_score(table, known, scoring="luck")


def test_combinations_by_hand():
    scores = np.array([[1.0, 4.0, 2.0, 3.0], [8.0, 5.0, 7.0, 6.0]])
    assert_array_equal(average(scores), [2.5, 6.5])
    assert_array_equal(average(scores, [[3, 1, 0, 0]]), [1.75, 7.25])
    assert_array_equal(maximization(scores), [4, 8])
    assert_array_equal(median(scores), [2.5, 6.5])
    assert_array_equal(majority_vote([[1, 1, 0], [0, 1, 0], [2, 2, 1]]), [1, 0, 2])
    assert_array_equal(majority_vote([[1, 1, 0]], [1, 1, 5]), [0])
    # Groups of all four are the same whatever their order: two groups of two hold 4 and one other.
    largest, means = aom(scores, 2, random_state=1), moa(scores, 2, random_state=1)
    assert largest[0] in (3.5, 3.0) and means[0] in (2.5, 3.0, 3.5)
    with pytest.raises(ValueError, match="equal size"):
        aom(scores, 3)
    with pytest.raises(ValueError, match="n_buckets"):
        moa(scores, 5)
