"""Lanner finds what has not been seen before in security logs.

``lanner.models`` has the detectors as scikit-learn estimators, ``lanner.MLAnomalyDetector`` compares
logon sessions with one another, ``lanner.set_threads`` says how many threads may be used.
"""

from typing import TYPE_CHECKING

from lanner._lanner import __version__, set_threads
from lanner._sessions import MLAnomalyDetector

if TYPE_CHECKING:
    from lanner import models

__all__ = ["MLAnomalyDetector", "__version__", "models", "set_threads"]


def __getattr__(name: str) -> object:
    # scikit-learn takes a second to import; whoever needs no estimator need not wait for it.
    if name == "models":
        import importlib

        return importlib.import_module("lanner.models")
    raise AttributeError(f"module 'lanner' has no attribute {name!r}")
