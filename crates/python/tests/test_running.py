"""Fits leave the interpreter free, and end on Ctrl-C."""

import _thread
import threading

import numpy as np
import pytest

from lanner.models import LMDD


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_fit_that_another_thread_sees_running():
    X = np.random.RandomState(0).randn(20_000, 4)
    begun = threading.Event()

    def press():
        # Runs beside the fit only if the fit has let go of the interpreter.
        begun.wait()
        _thread.interrupt_main()

    presser = threading.Thread(target=press)
    presser.start()
    detector = LMDD(n_iter=10_000, random_state=1)
    with pytest.raises(KeyboardInterrupt):
        begun.set()
        detector.fit(X)
    presser.join()
    assert not hasattr(detector, "decision_scores_")


def test_fits_run_side_by_side():
    X = np.random.RandomState(0).randn(500, 3)
    wanted = LMDD(random_state=1, n_iter=5).fit(X).decision_scores_
    found = [None] * 8

    def fit(i):
        found[i] = LMDD(random_state=1, n_iter=5).fit(X).decision_scores_

    threads = [threading.Thread(target=fit, args=(i,)) for i in range(len(found))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(scores, wanted) for scores in found)
