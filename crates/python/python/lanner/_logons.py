"""Logon sessions in Windows event logs, and those unlike their peers."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from lanner import _data, _html, _lanner
from lanner._folder import Folder
from lanner._progress import Progress
from lanner._table import Table


class Sessions(Folder):
    """A finished hunt for sessions, as `lanner.sessions` and `lanner.open` give it.

    Supporting analysis, not primary evidence: a session that stands out need not be an intrusion.

    Attributes
    ----------
    dir : pathlib.Path
        Where its files are (see `save`).
    """

    @cached_property
    def sessions(self) -> Table:
        """Every session: host, user, address, start and end, features, score, reasons."""
        return self._table("sessions.parquet")

    @cached_property
    def events(self) -> Table:
        """Every event that sessions are built from, with its session and how it was put there."""
        return self._table("events.parquet")

    @cached_property
    def findings(self) -> list[dict[str, Any]]:
        """The odd sessions, in session order: ``session_id``, ``user``, ``severity``, ``explanation``..."""
        found: list[dict[str, Any]] = json.loads((self.dir / "findings.json").read_text("utf-8"))
        return found

    @property
    def summary(self) -> str:
        """What was read and what stands out, in a few lines."""
        lines = [self._headline(), *(f"Note: {text}" for text in self.manifest["warnings"]), ""]
        for row in self._strangest():
            lines.append(f"session {row['session_id']}  {row['user']}  {row['ip']}  {row['start']}")
            lines.append(f"     {row['explanation']}")
        return "\n".join([*lines, "", f"files: {self.dir}"])

    def __repr__(self) -> str:
        return f"<lanner.Sessions: {self._headline()}>"

    def _repr_html_(self) -> str:
        columns = ["session_id", "user", "ip", "start", "end", "rule", "explanation"]
        found = self._strangest()
        rows = [[row[c] for c in columns] for row in found]
        caption = f"Findings: the first {len(rows)} of {len(self.findings)} in session order"
        parts = [
            _html.heading(self._headline()),
            _html.line("Supporting analysis, not primary evidence.", note=True),
            *(_html.warning(text) for text in self.manifest["warnings"]),
            _html.table(columns, rows, caption=caption, below="explanation"),
            _html.line(f"Files: {self.dir}", note=True),
        ]
        return _html.page(*parts)

    def _headline(self) -> str:
        manifest = self.manifest
        read = manifest["inputs"]
        ensemble = manifest["ensemble_flagged"]
        besides = "" if ensemble is None else f", {ensemble:,} by the ensemble"
        return (
            f"{read['used']:,} of {read['read']:,} events in {manifest['sessions']:,} sessions: "
            f"{manifest['flagged']:,} unlike their peers{besides}"
        )

    def _strangest(self) -> list[dict[str, str]]:
        """The first findings as text that is safe to show."""
        keep = ("session_id", "user", "ip", "start", "end", "rule", "explanation")

        def text(key: str, value: object) -> str:
            seconds = key in ("start", "end") and isinstance(value, str)
            return _lanner.shown("" if value is None else str(value)[: 19 if seconds else None])

        return [{key: text(key, row[key]) for key in keep} for row in self.findings[:20]]


def sessions(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    builder: str = "logon",
    ensemble: bool = False,
    seed: int = 42,
    tz: str | None = None,
    max_rejects: float = 5.0,
    out: str | os.PathLike[str] | None = None,
    force: bool = False,
    progress: bool = True,
) -> Sessions:
    """Finds logon sessions unlike their peers in Windows event logs.

    Parameters
    ----------
    paths : path or list of paths
        EVTX files or JSON exports of them, folders, patterns.
    builder : {"logon", "timeline"}, default="logon"
        How events become sessions: by Logon ID, session number and account, or one after another on each
        host.
    ensemble : bool, default=False
        Also run every default model over scaled features, so that duration alone does not decide.
    seed : int, default=42
        Seed of the ensemble.
    tz : str, optional
        Zone in which hours are off hours, such as ``Europe/Berlin``; UTC by default.
    max_rejects : float, default=5.0
        Rejected records, in percent, above which there is a warning.
    out : path, optional
        Write all results into this new folder; by default they are in a temporary one.
    force : bool, default=False
        Replace the folder of an earlier run.
    progress : bool, default=True
        Show what is going on, where tqdm is installed and somebody looks.

    Returns
    -------
    found : Sessions

    Raises
    ------
    ValueError
        If nothing in the logs makes a session, or an option is wrong.
    OSError
        If a file cannot be read, or the folder cannot be written.
    KeyboardInterrupt
        On Ctrl-C, within a second; nothing is left behind then.
    """
    if not 0 <= max_rejects <= 100:
        raise ValueError(f"max_rejects must be 0 to 100 percent, not {max_rejects}")
    asked = json.dumps(
        {
            "inputs": _data.paths(paths),
            "builder": builder,
            "ensemble": bool(ensemble),
            "seed": int(seed),
            "tz": tz,
        }
    )
    with Progress(progress) as listener:
        found = Sessions._made(
            out, lambda folder: _lanner.sessions(asked, _data.writing(folder, force), listener)
        )
    _data.few_rejects(found.manifest["inputs"], max_rejects, "used")
    return found
