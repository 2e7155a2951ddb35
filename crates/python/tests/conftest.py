"""The detectors, fast enough to be tested, and tables to test them on."""

import signal
import warnings

import numpy as np
import pytest

from lanner import models

# Networks small enough for tests; an id for each detector.
_BRISK = {
    "DIF": {"hidden_neurons": [12, 8], "n_ensemble": 3},
    "LUNAR": {"n_epochs": 4},
    "IForest": {"n_estimators": 20},
    "INNE": {"n_estimators": 30},
    "LODA": {"n_random_cuts": 20},
    "LMDD": {"n_iter": 5},
    "SOD": {"n_neighbors": 8, "ref_set": 5},
    "CBLOF": {"n_clusters": 2},
    "LOF": {"n_neighbors": 5},
}

NAMES = [name for name in models.__all__ if name != "BaseDetector"]


def make(name, **params):
    """A detector, brisk and seeded where it draws numbers."""
    kind = getattr(models, name)
    given = _BRISK.get(name, {}) | params
    if "random_state" in kind().get_params():
        given.setdefault("random_state", 7)
    return kind(**given)


def fitted(name, X, *, sample_weight=None, **params):
    """A fitted detector; its notes are no matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return make(name, **params).fit(X, sample_weight=sample_weight)


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def table():
    """Two clouds of different size and a far row, in four columns."""
    random = np.random.RandomState(3)
    clouds = [random.randn(90, 4), random.randn(10, 4) + 6.0, [[25.0, -20.0, 30.0, 18.0]]]
    return np.vstack(clouds)


@pytest.fixture
def ctrl_c():
    """Ctrl-C as in a terminal: a program started in the background inherits that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
