"""Lanner finds what has not been seen before in security logs.

`lanner.hunt` finds the strangest rows of logs or of a table, `lanner.sessions` logon sessions unlike their
peers; `lanner.open` opens a finished run. `lanner.read`, `lanner.fields`, `lanner.forecast` and
`lanner.score` are steps on the way, `lanner.sample` writes logs to try them on. ``lanner.models`` has the
detectors as scikit-learn estimators, `lanner.MLAnomalyDetector` compares sessions given as dictionaries.
`lanner.set_threads` says how many threads may be used.
"""

from typing import TYPE_CHECKING

from lanner._hunt import Read, fields, forecast, hunt, open, read, sample, score
from lanner._lanner import __version__, set_threads
from lanner._logons import Sessions, sessions
from lanner._result import Hunt
from lanner._sessions import MLAnomalyDetector
from lanner._table import Table

if TYPE_CHECKING:
    from lanner import models

__all__ = [
    "Hunt",
    "MLAnomalyDetector",
    "Read",
    "Sessions",
    "Table",
    "__version__",
    "fields",
    "forecast",
    "hunt",
    "models",
    "open",
    "read",
    "sample",
    "score",
    "sessions",
    "set_threads",
]


def __getattr__(name: str) -> object:
    # scikit-learn takes a second to import; whoever needs no estimator need not wait for it.
    if name == "models":
        import importlib

        return importlib.import_module("lanner.models")
    raise AttributeError(f"module 'lanner' has no attribute {name!r}")
