"""Logon sessions unlike their peers, from dictionaries to dictionaries."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from lanner import _lanner

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FEWEST = 5
_log = logging.getLogger("lanner")


class MLAnomalyDetector:
    """Compares logon sessions with one another and reports those that stand out.

    A local outlier factor over twelve features of each session; supporting analysis, not primary
    evidence. Fewer than five sessions have no peers to be compared with.

    Parameters
    ----------
    sessions : iterable of mappings
        Each with ``start_time`` and ``end_time`` (datetimes or None), ``user``, ``source_ip`` (text or
        None) and ``events``: a list of ``{"event_id": number or text, "details": mapping}``. Hours are
        read in the zone of each session's own ``start_time``; a time without a zone counts as UTC.

    Attributes
    ----------
    sessions : list
        The sessions as they were given.
    feature_names : list of str
        What sessions are compared by.
    results : list of dict
        The findings of the last run.

    Examples
    --------
    >>> MLAnomalyDetector([]).run()
    []
    """

    def __init__(self, sessions: Iterable[Mapping[str, Any]]) -> None:
        self.sessions = list(sessions)
        self.feature_names = list(_lanner.session_features())
        self.results: list[dict[str, Any]] = []

    def run(self) -> list[dict[str, Any]]:
        """Compares the sessions.

        Returns
        -------
        findings : list of dict
            Of each odd session, in session order: ``session_id`` (the session's own, or its number from
            1), ``user``, ``ip``, ``start``, ``end``, ``severity``, ``rule``, ``description`` and
            ``explanation``. Empty, with a line in the log, below five sessions.

        Raises
        ------
        ValueError, TypeError
            For a session that is not as described; it is named by its number from 1.
        """
        if len(self.sessions) < _FEWEST:
            _log.warning(
                "%d sessions are too few to be compared, %d are needed", len(self.sessions), _FEWEST
            )
            self.results = []
            return self.results
        given = [_given(number, s) for number, s in enumerate(self.sessions, 1)]
        self.results = [self._finding(*row) for row in _lanner.odd_sessions(given)]
        return self.results

    def _finding(
        self, at: int, severity: str, rule: str, description: str, explanation: str
    ) -> dict[str, Any]:
        session = self.sessions[at]
        return {
            "session_id": session.get("session_id", at + 1),
            "user": session.get("user"),
            "ip": session.get("source_ip"),
            "start": session.get("start_time"),
            "end": session.get("end_time"),
            "severity": severity,
            "rule": rule,
            "description": description,
            "explanation": explanation,
        }


def _given(number: int, session: Mapping[str, Any]) -> _lanner.Given:
    """The session as the core takes it."""
    try:
        start, end = (_aware(session.get(key)) for key in ("start_time", "end_time"))
        offset = start.utcoffset() if start is not None else None
        events = session.get("events") or ()
        return {
            "start": _micros(start),
            "end": _micros(end),
            "offset": 0 if offset is None else int(offset.total_seconds()),
            "user": _text(session.get("user")),
            "source_ip": _text(session.get("source_ip")),
            "events": [(_number(event["event_id"]), _details(event)) for event in events],
        }
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, (AttributeError, TypeError)) else ValueError
        raise kind(f"session {number}: {type(error).__name__}: {error}") from error


def _aware(time: datetime | None) -> datetime | None:
    if time is None:
        return None
    if not isinstance(time, datetime):
        raise TypeError(f"a time is a datetime or None, not {type(time).__name__}")
    return time if time.utcoffset() is not None else time.replace(tzinfo=timezone.utc)


def _micros(time: datetime | None) -> int | None:
    return None if time is None else (time - _EPOCH) // timedelta(microseconds=1)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(event_id: object) -> int:
    number = int(str(event_id))
    if not 0 <= number < 2**32:
        raise ValueError(f"{number} is no event id")
    return number


def _details(event: Mapping[str, Any]) -> dict[str, str]:
    details = event.get("details") or {}
    return {str(key): str(value) for key, value in details.items() if value is not None}
