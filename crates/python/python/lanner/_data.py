"""What a caller hands over, as the core takes it: paths or a table, and options as JSON."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

from lanner import _lanner

#: A path, a list of paths, or a table with the Arrow C stream.
Data: TypeAlias = Any


def source(data: Data) -> tuple[list[str], _lanner.Table | None]:
    """Paths, or a table that shares the caller's memory."""
    if isinstance(data, (str, os.PathLike)):
        return [_path(data)], None
    if isinstance(data, _lanner.Table):
        return [], data
    if hasattr(data, "__arrow_c_stream__"):
        return [], _lanner.Table(_without_numbering(data))
    if isinstance(data, Sequence) and all(isinstance(d, (str, os.PathLike)) for d in data):
        if not data:
            raise ValueError("there is no input: the list of paths is empty")
        return [_path(d) for d in data], None
    raise TypeError(
        "data is a path, a list of paths, or a table with the Arrow C stream (pandas, polars, pyarrow and "
        f"others), not {type(data).__name__}"
    )


def paths(data: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[str]:
    """Paths alone."""
    found, table = source(data)
    if table is not None:
        raise TypeError("this reads files: name a path or a list of paths")
    return found


def _path(path: str | os.PathLike[str]) -> str:
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"a path is text, not {type(text).__name__}")
    return os.path.expanduser(text)


def _without_numbering(data: Any) -> Any:
    """A pandas table without the numbers of its rows, which would pass for a field; names are kept."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(data, pandas.DataFrame):
        return data
    unnamed = all(name is None for name in data.index.names)
    return data.reset_index(drop=True) if unnamed else data


def names(given: str | Sequence[str] | None) -> list[str] | None:
    """Names, also as one text with commas."""
    if given is None:
        return None
    parts = given.split(",") if isinstance(given, str) else given
    return [part.strip() for part in parts]


def moment(given: str | date | datetime | None) -> str | None:
    """A time as text."""
    return given.isoformat() if isinstance(given, date) else given


def by_model(param: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """``{"LOF.n_neighbors": 35}`` by model."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in (param or {}).items():
        model, dot, parameter = name.partition(".")
        if not dot:
            raise ValueError(f"param {name!r} should look like LOF.n_neighbors")
        found.setdefault(model, {})[parameter] = value
    return found


def packed(**options: Any) -> str:
    """Options as the core reads them; those that are None are left to it."""
    return json.dumps({k: v for k, v in options.items() if v is not None}, default=_plain)


def _plain(value: Any) -> Any:
    """NumPy's numbers and paths as Python's own."""
    if hasattr(value, "item"):
        return value.item()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"an option cannot be {type(value).__name__}")


def writing(
    folder: os.PathLike[str], force: bool, *, keep_rows: bool = False, raw_csv: bool = False
) -> str:
    """Where results go, and how."""
    return packed(out=folder, force=bool(force), keep_rows=bool(keep_rows), raw_csv=bool(raw_csv))


def few_rejects(read: Mapping[str, Any], allowed: float, done: str) -> None:
    """Warns of more rejected records than allowed, in percent; ``done`` is what became of the rest."""
    share = 100 * read["rejected"] / max(read["read"], 1)
    if share > allowed:
        warnings.warn(
            f"{read['rejected']:,} of {read['read']:,} records were rejected ({share:.1f} %), more than "
            f"max_rejects {allowed:g} %; the rest was {done}",
            UserWarning,
            stacklevel=3,
        )
