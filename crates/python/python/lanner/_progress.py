"""What a run is doing, with tqdm where it is installed."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

# Seconds between two drawings.
_REDRAW = 0.2

#: Called with the stage, the rows read in it, the models done and those running.
Listener = Callable[[str, "int | None", int, "list[str]"], None]


class Progress:
    """A bar while a run lasts; nothing where tqdm is missing or nobody looks."""

    def __init__(self, wanted: bool) -> None:
        self._make = _maker() if wanted else None
        self._bar: Any = None
        self._stage = ""
        self._drawn = 0.0

    def __enter__(self) -> Listener | None:
        return None if self._make is None else self._tell

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _tell(self, stage: str, rows: int | None, done: int, running: list[str]) -> None:
        if self._make is None:
            return
        if stage != self._stage:
            self._close()
            counted = {} if rows is not None else {"bar_format": "{desc} {elapsed}"}
            self._bar = self._make(desc=stage, unit=" records", leave=False, **counted)
            self._stage = stage
        elif time.monotonic() - self._drawn < _REDRAW:
            return
        self._drawn = time.monotonic()
        if rows is not None:
            self._bar.n = rows
        elif running:
            self._bar.set_description_str(
                f"{stage}: {done} done, {', '.join(running)} running", refresh=False
            )
        self._bar.refresh()


def _maker() -> Any:
    """Makes bars; None without tqdm, and where neither a terminal nor a notebook's widgets show them."""
    try:
        if "ipykernel" in sys.modules:
            importlib.import_module("ipywidgets")
            return importlib.import_module("tqdm.notebook").tqdm
        return importlib.import_module("tqdm").tqdm if sys.stderr.isatty() else None
    except ImportError:
        return None
