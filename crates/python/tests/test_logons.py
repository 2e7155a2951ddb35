"""Sessions in generated logs."""

import pytest

import lanner


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("windows") / "logs"
    truth = lanner.sample("windows", folder, sessions=60, attacks=6, seed=3)
    return folder, truth


@pytest.fixture(scope="module")
def found(logs):
    return lanner.sessions(logs[0], ensemble=True)


def test_sessions_are_found_and_compared(found, logs):
    sessions = found.sessions.to_pandas()
    assert len(sessions) == found.manifest["sessions"] >= 60
    assert found.findings
    assert {"session_id", "user", "explanation", "rule"} <= set(found.findings[0])
    linked = found.query("SELECT count(*) AS n FROM events WHERE session_id IS NOT NULL").to_pandas()
    assert linked["n"][0] > len(sessions)
    assert len(found.events) == found.manifest["inputs"]["used"]
    assert str(len(sessions)) in found.summary
    assert "not primary evidence" in found._repr_html_()


def test_the_other_builder_and_a_folder(logs, tmp_path):
    found = lanner.sessions(logs[0], builder="timeline", out=tmp_path / "found", progress=False)
    opened = lanner.open(tmp_path / "found")
    assert isinstance(opened, lanner.Sessions)
    assert opened.findings == found.findings
    with pytest.raises(ValueError, match='builder "x" is not known'):
        lanner.sessions(logs[0], builder="x")
    with pytest.raises(FileNotFoundError):
        lanner.sessions(tmp_path / "none")
    with pytest.raises(FileExistsError):
        lanner.sample("windows", logs[0])


def test_samples_are_the_same_for_a_seed(tmp_path):
    for name in ("a", "b"):
        lanner.sample("cloudtrail", tmp_path / f"{name}.parquet", rows=2000, attacks=1, seed=9)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    with pytest.raises(ValueError, match="cloudtrail and windows"):
        lanner.sample("linux", tmp_path / "x")
