"""Ctrl-C ends a hunt, and leaves nothing behind."""

import _thread
import threading
import time

import numpy as np
import pandas
import pytest

import lanner


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_hunt(tmp_path):
    random = np.random.RandomState(0)
    table = pandas.DataFrame(random.randn(60_000, 6), columns=list("abcdef"))
    begun = threading.Event()
    stages = []

    def press():
        begun.wait()
        stages.append(time.monotonic())
        _thread.interrupt_main()

    class Bar:
        """Stands for tqdm's, and tells when the models run."""

        def __init__(self, desc, **_):
            if desc == "models":
                begun.set()

        def close(self):
            pass

        refresh = close

        def set_description_str(self, text, refresh):
            pass

    presser = threading.Thread(target=press)
    presser.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lanner._progress._maker", lambda: Bar)
        with pytest.raises(KeyboardInterrupt):
            lanner.hunt(table, models="LUNAR,LMDD,KDE", no_forecast=True, out=tmp_path / "found")
    seconds = time.monotonic() - stages[0]
    presser.join()
    assert seconds < 5, "a second, on a machine that does nothing else"
    assert list(tmp_path.iterdir()) == []


def test_progress_says_what_is_going_on():
    table = pandas.DataFrame(np.random.RandomState(0).randn(20_000, 5), columns=list("abcde"))
    seen = []

    class Bar:
        def __init__(self, desc, **_):
            seen.append(desc)

        def close(self):
            pass

        def refresh(self):
            pass

        def set_description_str(self, text, refresh):
            seen.append(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lanner._progress._maker", lambda: Bar)
        lanner.hunt(table, models="LMDD,KDE", no_forecast=True)
    assert "models" in seen
    assert any(text.endswith("KDE running") or text.endswith("LMDD running") for text in seen)
