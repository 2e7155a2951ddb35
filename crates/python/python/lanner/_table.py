"""Tables as other libraries take them, without a copy."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lanner import _html, _lanner

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

_SHOWN = 20
_LONGEST = 120


def _needed(package: str, extra: str) -> ModuleType:
    """A package that only some results need."""
    try:
        return import_module(package)
    except ImportError as error:
        message = f"this needs {package}, which is not installed: pip install lanner[{extra}]"
        raise ImportError(message) from error


class Table:
    """A table in memory with the Arrow C stream.

    Whatever speaks Arrow takes it as it is: ``pyarrow.table(t)``, ``polars.DataFrame(t)``, DuckDB's
    ``SELECT * FROM t``, `lanner.hunt`. Nothing is copied on the way, and nothing changes it.

    Parameters
    ----------
    data : table
        Anything with the Arrow C stream.

    Examples
    --------
    >>> import pyarrow
    >>> table = Table(pyarrow.table({"user": ["ann", "bob"], "calls": [3, 4]}))
    >>> len(table), table.columns
    (2, ['user', 'calls'])
    """

    def __init__(self, data: Any) -> None:
        self._native = data if isinstance(data, _lanner.Table) else _lanner.Table(data)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self._native.columns

    def __len__(self) -> int:
        return len(self._native)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._native.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self._native.__arrow_c_schema__()

    def to_arrow(self) -> pyarrow.Table:
        """As a ``pyarrow.Table``.

        Raises
        ------
        ImportError
            If pyarrow is not installed.
        """
        pyarrow = _needed("pyarrow", "pandas")
        return pyarrow.table(self)

    def to_pandas(self) -> pandas.DataFrame:
        """As a ``pandas.DataFrame``.

        Raises
        ------
        ImportError
            If pandas or pyarrow is not installed.
        """
        _needed("pandas", "pandas")
        return self.to_arrow().to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """As a ``polars.DataFrame``.

        Raises
        ------
        ImportError
            If polars is not installed.
        """
        polars = _needed("polars", "polars")
        return polars.DataFrame(self)

    def __repr__(self) -> str:
        names = ", ".join(self.columns)
        return f"<lanner.Table: {len(self):,} rows, columns {names}>"

    def _repr_html_(self) -> str:
        rows = self._native.cells(_SHOWN, _LONGEST)
        caption = f"{len(self):,} rows, {len(self.columns)} columns"
        if len(rows) < len(self):
            caption = f"the first {len(rows)} of {caption}"
        return _html.page(_html.table(self.columns, rows, caption=caption))
