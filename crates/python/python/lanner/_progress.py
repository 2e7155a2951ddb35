"""What a run is doing, with tqdm where it is installed."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any

#: Called with the stage, the rows read in it, the models done and those running.
Listener = Callable[[str, "int | None", int, "list[str]"], None]


class Progress:
    """A bar while a run lasts; nothing where tqdm is missing or nobody looks."""

    def __init__(self, wanted: bool) -> None:
        self._make = _maker() if wanted else None
        self._bar: Any = None
        self._stage = ""

    def __enter__(self) -> Listener | None:
        return None if self._make is None else self._tell

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def _tell(self, stage: str, rows: int | None, done: int, running: list[str]) -> None:
        if self._make is None:
            return
        if stage != self._stage:
            if self._bar is not None:
                self._bar.close()
            unit = " models" if rows is None else " records"
            self._bar = self._make(desc=stage, unit=unit, leave=False)
            self._stage = stage
        self._bar.n = done if rows is None else rows
        if rows is None:
            self._bar.set_postfix_str(", ".join(running), refresh=False)
        self._bar.refresh()


def _maker() -> Any:
    """Makes bars; None without tqdm, and where standard error is neither a terminal nor a notebook's."""
    notebook = "ipykernel" in sys.modules
    if not notebook and not sys.stderr.isatty():
        return None
    try:
        with warnings.catch_warnings():
            # Without widgets tqdm falls back to text, and warns of it.
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm
