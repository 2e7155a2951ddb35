"""What holds for every detector."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import lanner
from conftest import NAMES, fitted, make
from lanner import _lanner, models
from lanner.models import _doc as doc


def test_there_is_a_class_for_every_detector_of_the_core():
    assert sorted(NAMES) == sorted(card["id"] for card in _lanner.cards())


def test_a_far_row_is_odd_and_labels_follow_the_threshold(name, table):
    detector = fitted(name, table)
    scores = detector.decision_scores_
    assert scores.shape == (len(table),) and np.isfinite(scores).all()
    # SOD sees subspaces and QMCD either tail; as categories the rows are all alike.
    if name not in ("SOD", "QMCD") and not doc.CARDS[name]["categorical"]:
        assert scores[-1] > np.median(scores)
    assert detector.threshold_ == np.percentile(scores, 90)
    assert_array_equal(detector.labels_, (scores > detector.threshold_).astype(int))
    assert_array_equal(detector.predict(table), detector.decision_function(table) > detector.threshold_)


def test_categories_may_be_called_anything():
    random = np.random.RandomState(5)
    X = np.floor(20 * random.rand(300, 4) ** 3)
    names = random.permutation(1000)[:20] - 500.5
    for name in (card["id"] for card in _lanner.cards() if card["categorical"]):
        detector, other = fitted(name, X[:200]), fitted(name, names[X[:200].astype(int)])
        assert_array_equal(detector.decision_scores_, other.decision_scores_)
        new = names[X.astype(int)]
        assert_array_equal(detector.decision_function(X), other.decision_function(new))


def test_a_detector_reads_back_from_a_pickle_to_the_bit(name, table):
    detector = fitted(name, table)
    again = pickle.loads(pickle.dumps(detector))
    assert_array_equal(again.decision_scores_, detector.decision_scores_)
    assert_array_equal(again.decision_function(table[:40]), detector.decision_function(table[:40]))
    assert again.get_params() == detector.get_params()


def test_a_clone_is_unfitted_and_fits_alike(name, table):
    detector = fitted(name, table)
    other = clone(detector)
    with pytest.raises(NotFittedError):
        other.predict(table)
    assert other.get_params() == detector.get_params()
    other = fitted(name, table, **other.get_params())
    assert_array_equal(other.decision_scores_, detector.decision_scores_)


def test_the_rows_are_neither_changed_nor_needed_in_one_layout(name, table):
    before = table.copy()
    detector = fitted(name, table)
    assert_array_equal(table, before)
    for same in (np.asfortranarray(table), table.tolist(), np.hstack([table, table])[:, :4]):
        assert_array_equal(fitted(name, same).decision_scores_, detector.decision_scores_)


def test_threads_change_no_bit(name, table):
    many = fitted(name, table).decision_scores_
    lanner.set_threads(1)
    try:
        assert_array_equal(fitted(name, table).decision_scores_, many)
    finally:
        lanner.set_threads(0)


@pytest.mark.parametrize(
    "X, why",
    [
        ([[1.0, np.nan]] * 30, "NaN"),
        ([[1.0, np.inf]] * 30, "infinity"),
        ([["a", "b"]] * 30, "could not convert string"),
        ([1.0, 2.0, 3.0], "Expected 2D array"),
        (np.empty((0, 3)), "minimum of 1 is required"),
        (np.empty((5, 0)), "minimum of 1 is required"),
    ],
)
def test_bad_rows_are_refused_with_what_is_wrong(name, X, why):
    with pytest.raises(ValueError, match=why):
        make(name).fit(X)


def test_new_rows_must_have_the_columns_of_the_fit(name, table):
    with pytest.raises(ValueError, match="3 features"):
        fitted(name, table).predict(table[:, :3])


def test_copies_must_be_whole_numbers(table):
    for weights, why in [
        (np.full(len(table), 0.5), "whole numbers"),
        (np.full(len(table), -1), "whole numbers"),
        (np.zeros(len(table)), "zero"),
        (np.ones(3), "inconsistent numbers of samples"),
    ]:
        with pytest.raises(ValueError, match=why):
            make("HBOS").fit(table, sample_weight=weights)


def test_a_wrong_parameter_is_named_with_what_is_allowed(table):
    with pytest.raises(ValueError, match=r"HBOS.alpha must be above 0, below 1"):
        make("HBOS", alpha=2.0).fit(table)
    with pytest.raises(TypeError, match=r"KNN.n_neighbors"):
        make("KNN", n_neighbors="five").fit(table)
    with pytest.raises(ValueError, match=r"contamination must be in \(0, 0.5\]"):
        models.KNN(contamination=0.7)
    with pytest.raises(ValueError, match=r"SOD.metric must be 'minkowski'"):
        make("SOD", metric="cosine").fit(table)


def test_random_states_are_what_scikit_learn_takes(table):
    def scores(state):
        return fitted("IForest", table, random_state=state).decision_scores_

    assert_array_equal(scores(np.random.RandomState(1)), scores(np.random.RandomState(1)))
    assert not np.array_equal(scores(1), scores(2))
    assert not np.array_equal(scores(None), scores(None))
    with pytest.raises(ValueError, match="cannot be used to seed"):
        scores("seven")


def test_a_model_file_that_is_none_is_refused():
    for bad in (b"", b"LANNERMD", b"LANNERMD" + bytes(90)):
        with pytest.raises(ValueError):
            _lanner.Model.from_bytes(bad)


def test_a_forked_process_starts_threads_of_its_own(table):
    code = (
        "import os, numpy as np; from lanner.models import HBOS\n"
        "X = np.arange(40.0).reshape(20, 2); HBOS().fit(X)\n"
        "child = os.fork()\n"
        "if child == 0: HBOS().fit(X); os._exit(7)\n"
        "raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    if not hasattr(__import__("os"), "fork"):
        pytest.skip("no fork on this system")
    command = [sys.executable, "-W", "ignore", "-c", code]
    assert subprocess.run(command, timeout=600, check=False).returncode == 7
