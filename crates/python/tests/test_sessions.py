"""Sessions as dictionaries in, findings as dictionaries out."""

import logging
from datetime import datetime, timedelta, timezone

import pytest

import lanner

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=timezone.utc)


def session(minutes, *ids, start=NOON, **more):
    events = [{"event_id": i, "details": {}} for i in ids]
    times = {"start_time": start, "end_time": start and start + timedelta(minutes=minutes)}
    return {**times, "user": "ann", "source_ip": "10.0.0.1", "events": events, **more}


def usual():
    return [session(minutes, 21) for minutes in (1, 2, 3, 4)]


def test_a_session_unlike_its_peers_is_a_finding():
    detector = lanner.MLAnomalyDetector([*usual(), session(100, "21", 1102)])
    assert len(detector.feature_names) == 12 and detector.feature_names[0] == "duration"
    (finding,) = detector.run()
    assert detector.results == [finding] and len(detector.sessions) == 5
    description = finding.pop("description")
    assert description.startswith("Session deviates from peer sessions") and "(score=-" in description
    assert finding == {
        "session_id": 5,
        "user": "ann",
        "ip": "10.0.0.1",
        "start": NOON,
        "end": NOON + timedelta(minutes=100),
        "severity": "High",
        "rule": "Statistical Session Anomaly (ML)",
        "explanation": (
            "Unusual session duration | Anti-forensics behavior | High session activity volume"
        ),
    }


def test_hours_are_those_of_the_sessions_own_zone():
    """Noon in UTC is 3 at night five zones and more to the west of -9, and no reason elsewhere."""
    west = NOON.astimezone(timezone(timedelta(hours=-9)))
    odd = session(100, 21, start=west)
    (finding,) = lanner.MLAnomalyDetector([*usual(), odd]).run()
    assert "Off-hours access pattern" in finding["explanation"]
    (finding,) = lanner.MLAnomalyDetector([*usual(), session(100, 21)]).run()
    assert "Off-hours" not in finding["explanation"]
    naive = session(100, 21, start=NOON.replace(tzinfo=None), session_id="s-9")
    (finding,) = lanner.MLAnomalyDetector([*usual(), naive]).run()
    assert finding["session_id"] == "s-9" and "Off-hours" not in finding["explanation"]


def test_names_of_tasks_and_services_are_read_from_the_details():
    named = [{"event_id": 7045, "details": {"ServiceName": f"s{i}", "x": 5}} for i in range(3)]
    busy = session(100) | {"events": named}
    (finding,) = lanner.MLAnomalyDetector([*usual(), busy]).run()
    assert "Service installation behavior" in finding["explanation"]


def test_too_few_sessions_are_said_in_one_line(caplog):
    with caplog.at_level(logging.WARNING, "lanner"):
        assert lanner.MLAnomalyDetector(usual()).run() == []
    assert caplog.messages == ["4 sessions are too few to be compared, 5 are needed"]


@pytest.mark.parametrize(
    "wrong, kind",
    [
        ({"start_time": "noon"}, TypeError),
        ({"events": [{"details": {}}]}, ValueError),
        ({"events": [{"event_id": "logon"}]}, ValueError),
        ({"events": [{"event_id": -1}]}, ValueError),
    ],
)
def test_a_session_that_is_none_is_named(wrong, kind):
    with pytest.raises(kind, match="session 5"):
        lanner.MLAnomalyDetector([*usual(), session(1, 21) | wrong]).run()
