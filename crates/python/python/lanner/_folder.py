"""A finished run: a folder of files, and what they hold."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from lanner import _lanner
from lanner._table import Table

_F = TypeVar("_F", bound="Folder")


class Folder:
    """A finished run. Its files are the result; every attribute is read from them.

    Attributes
    ----------
    dir : pathlib.Path
        Where the files are. Without ``out=`` it is a temporary folder, readable by its owner only, that
        goes with this object; `save` keeps it.
    """

    def __init__(self, native: _lanner.Finished, folder: Path) -> None:
        self._native = native
        self.dir = folder

    @classmethod
    def _made(
        cls: type[_F], out: str | os.PathLike[str] | None, run: Callable[[Path], _lanner.Finished]
    ) -> _F:
        """Runs with a folder to write to, a temporary one where none is named."""
        if out is not None:
            folder = Path(out).expanduser()
            return cls(run(folder), folder)
        outer = tempfile.mkdtemp(prefix="lanner-")
        try:
            folder = Path(outer) / "found"
            made = cls(run(folder), folder)
        except BaseException:
            shutil.rmtree(outer, ignore_errors=True)
            raise
        weakref.finalize(made, shutil.rmtree, outer, ignore_errors=True)
        return made

    @property
    def manifest(self) -> dict[str, Any]:
        """What was run on what, and what came out, as ``manifest.json`` has it."""
        manifest: dict[str, Any] = json.loads((self.dir / "manifest.json").read_text("utf-8"))
        return manifest

    @property
    def tables(self) -> list[str]:
        """Names of the tables that `query` knows, ``rows`` (the whole input) aside."""
        return self._native.tables()

    @property
    def report(self) -> Path:
        """The page of the run, one file that opens offline in any browser."""
        return self.dir / "report.html"

    def query(self, sql: str) -> Table:
        """Asks the run with SQL.

        Parameters
        ----------
        sql : str
            A SELECT over `tables`, and over ``rows``: all rows of a hunt's input with rank, score, votes
            and, in the classic recipe, codes. ``rows`` reads the input again and checks that it is still
            the same. Field names with dots need no quotes.

        Returns
        -------
        answer : Table

        Raises
        ------
        ValueError
            For anything but a SELECT, and for names that there are not; also if the input has changed.
        """
        return Table(self._native.query(sql))

    def save(self, out: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Copies the files into a new folder, all of them or none.

        Parameters
        ----------
        out : path
            The folder to make.
        force : bool, default=False
            Replace the folder of an earlier run.

        Returns
        -------
        folder : pathlib.Path

        Raises
        ------
        FileExistsError
            If something is there that may not be replaced.
        ValueError
            If the folder is inside what was read.
        """
        folder = Path(out).expanduser()
        self._native.save(folder, force)
        return folder

    def _table(self, file: str) -> Table:
        return Table(self._native.table(file))
