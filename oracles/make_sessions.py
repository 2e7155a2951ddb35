"""Writes fixtures/sessions: an export of five logs of two hosts, and the sessions, features and factors that the
reference rules (one session at a time, by the clock; LOF of scikit-learn) make of it.

Run by hand with the versions of requirements.txt; the build never runs it. The events come from a seed in this
file and from nothing else. The rules are written here from their description, not from the Rust code.
"""

import datetime
import json
import pathlib
import random

import numpy as np
from sklearn.neighbors import LocalOutlierFactor

SECURITY = ("Security", "Microsoft-Windows-Security-Auditing", "EventData")
CLEARED = ("Security", "Microsoft-Windows-Eventlog", "UserData")
REMOTE = ("Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational",
          "Microsoft-Windows-TerminalServices-RemoteConnectionManager", "UserData")
LOCAL = ("Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
         "Microsoft-Windows-TerminalServices-LocalSessionManager", "UserData")
SYSTEM = ("System", "Service Control Manager", "EventData")
TASKS = ("Microsoft-Windows-TaskScheduler/Operational", "Microsoft-Windows-TaskScheduler", "EventData")
SYSMON = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon", "EventData")
ORDER = [SECURITY[0], REMOTE[0], LOCAL[0], SYSTEM[0], TASKS[0]]
COUNTED = {
    SECURITY[:2]: {4624, 4625, 4634, 4720, 4722, 4723, 4724, 4725, 4728, 4732, 4698},
    CLEARED[:2]: {1102}, REMOTE[:2]: {1149}, LOCAL[:2]: {21, 22, 24}, SYSTEM[:2]: {7045}, TASKS[:2]: {129},
}
GRACE = {4720, 4722, 4724, 4728, 4732, 4698, 7045, 1102}
USER = ("TargetUserName", "SubjectUserName", "User", "AccountName", "Param1")
ADDRESS = ("IpAddress", "ClientAddress", "SourceNetworkAddress", "Address", "Param3")
MINUTE = datetime.timedelta(minutes=1)


def events():
    """Days of sessions on two hosts, with quiet hours, overlaps, actions around sessions, and foreign ids."""
    draw = random.Random(20260302)
    made = []

    def add(host, time, source, event_id, **data):
        made.append({"host": host, "time": time, "source": source, "id": event_id, "data": data})

    for host, users, number in (("TS01", ("ann", "bob", "cyd"), 16), ("TS02", ("dan", "eve"), 9)):
        time = datetime.datetime(2026, 3, 2, 6, 0, tzinfo=datetime.timezone.utc)
        for i in range(number):
            time += datetime.timedelta(seconds=draw.randint(1800, 30000), microseconds=draw.randint(0, 999999))
            user, address = "CORP\\" + draw.choice(users), f"10.0.0.{draw.randint(1, 9)}"
            for failed in range(draw.choice((0, 0, 1, 2))):
                add(host, time + failed * MINUTE / 30, SECURITY, 4625, TargetUserName=user[5:], IpAddress=address)
            if draw.random() < 0.3:
                add(host, time - 4 * MINUTE, SYSTEM, 7045, ServiceName=f"early{i}", AccountName="LocalSystem")
            time += MINUTE / 6
            add(host, time, LOCAL, 21, User=user, SessionID=i + 2, Address=address if i % 5 else "")
            # At the same moment: Security comes before the session manager.
            add(host, time, SECURITY, 4624, TargetUserName=user[5:], IpAddress=address)
            add(host, time + MINUTE / 60, REMOTE, 1149, Param1=user[5:], Param3=address)
            add(host, time + MINUTE / 40, SYSMON, 21, User=user)
            for _ in range(draw.randint(0, 5)):
                time += datetime.timedelta(seconds=draw.choice((20, 200, 900, 3500, 3601)))
                kind = draw.choice((4698, 129, 7045, 4732, 4720, 4724, 4625, 22, 1102))
                name = draw.choice(("a", "b", "c"))
                source = {129: TASKS, 7045: SYSTEM, 22: LOCAL, 1102: CLEARED}.get(kind, SECURITY)
                data = {129: {"TaskName": "\\" + name}, 4698: {"TaskName": "\\" + name},
                        7045: {"ServiceName": name}}.get(kind, {"SubjectUserName": user[5:]})
                add(host, time, source, kind, **data)
                add(host, time, ("System", "disk", "EventData"), 129, TaskName="none")
            time += datetime.timedelta(seconds=draw.randint(1, 3000))
            leave = draw.random() if i + 1 < number else 1.0
            if leave < 0.5:
                add(host, time, LOCAL, 24, User=user, Address=address)
            elif leave < 0.8:
                add(host, time, SECURITY, 4634, TargetUserName=user[5:])
            for minutes in (14.9, 15.1):
                if draw.random() < 0.3:
                    add(host, time + minutes * MINUTE, SECURITY, 4728, SubjectUserName=user[5:])
    return made


def export(number, event):
    """One event as evtx_dump writes it."""
    channel, provider, body = event["source"]
    data = event["data"] if body == "EventData" else {"EventXML": event["data"]}
    time = {"#attributes": {"SystemTime": event["time"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")}}
    system = {"Provider": {"#attributes": {"Name": provider}}, "EventID": event["id"], "TimeCreated": time,
              "EventRecordID": number + 1, "Channel": channel, "Computer": event["host"]}
    return {"Event": {"System": system, body: data}}


def first(data, names):
    return next((data[name] for name in names if data.get(name)), None)


def sessions(log):
    """The sessions of one host in closing order. `log` holds its counted events in order."""
    closed, now, before, outside = [], None, None, []

    def close(end, reason):
        now.update(end=end, end_reason=reason)
        closed.append(now)

    for event in log:
        if now and event["time"] - before > 60 * MINUTE:
            close(before, "inactivity_timeout")
            now = None
        if event["id"] == 21:
            if now:
                close(event["time"], "overlapping_session_start")
            now = {"host": event["host"], "user": first(event["data"], USER), "start": event["time"],
                   "source_ip": first(event["data"], ADDRESS), "events": []}
        (now["events"] if now else outside).append(event)
        if now and event["id"] in (24, 4634):
            close(event["time"], "explicit_logoff")
            now = None
        before = event["time"]
    if now:
        close(before, "session_open_at_log_end")
    for event in outside:
        for one in closed:
            near = one["start"] - 5 * MINUTE <= event["time"] <= one["end"] + 15 * MINUTE
            if event["id"] in GRACE and near:
                one["events"].append(event)
                break
    return closed


def features(session):
    of = lambda *ids: [e for e in session["events"] if e["id"] in ids]
    distinct = lambda some, names, unknown: len({first(e["data"], names) or unknown for e in some})
    start = session["start"]
    return {
        "duration": (session["end"] - start).total_seconds(),
        "failed_logons": len(of(4625)),
        "successful_logons": len(of(4624, 1149)),
        "unique_tasks": distinct(of(4698, 129), ("TaskName", "Task", "Name"), "UnknownTask"),
        "unique_services": distinct(of(7045), ("ServiceName", "Service"), "UnknownService"),
        "admin_added": len(of(4732)),
        "user_created": len(of(4720)),
        "logs_cleared": len(of(1102)),
        "total_events": len(session["events"]),
        "off_hours": int(start.hour < 7 or start.hour > 21),
        "ip_present": int(bool(session["source_ip"])),
        "user_present": int(bool(session["user"])),
    }


def main():
    made = events()
    folder = pathlib.Path(__file__).parent.parent / "fixtures" / "sessions"
    folder.mkdir(exist_ok=True)
    lines = [json.dumps(export(i, event)) for i, event in enumerate(made)]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    counted = [e for e in made if e["id"] in COUNTED.get(e["source"][:2], ())]
    counted.sort(key=lambda e: (e["time"], ORDER.index(e["source"][0])))
    found = [s for host in ("TS01", "TS02") for s in sessions([e for e in counted if e["host"] == host])]
    found.sort(key=lambda s: (s["start"], s["host"]))
    rows = [features(s) for s in found]
    x = np.array([list(row.values()) for row in rows], dtype=float)
    assert len(np.unique(x, axis=0)) == len(x), "equal rows leave the factors open"
    model = LocalOutlierFactor(n_neighbors=min(3, len(x) - 1)).fit(x)
    factors = model.negative_outlier_factor_
    answers = [
        {"host": s["host"], "user": s["user"], "source_ip": s["source_ip"], "start": s["start"].isoformat(),
         "end": s["end"].isoformat(), "end_reason": s["end_reason"], "features": row}
        for s, row in zip(found, rows)
    ]
    lof = {"duplicate_rows": 0, "scores": factors.tolist(), "flagged": np.flatnonzero(factors < -1.5).tolist()}
    text = json.dumps({"sessions": answers, "lof": lof}, indent=1)
    (folder / "answers.json").write_text(text + "\n")
    ends = {s["end_reason"] for s in found}
    print(f"{len(made)} events, {len(found)} sessions, {len(lof['flagged'])} flagged, {ends}")


if __name__ == "__main__":
    main()
