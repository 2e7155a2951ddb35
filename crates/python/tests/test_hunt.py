"""Hunts over files and tables: the same results, whatever the rows come in."""

import json
import stat

import numpy as np
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest

import lanner

FIELDS = ["user", "host", "action"]


def rows():
    """A table of habits, and one row that is none of them."""
    random = np.random.RandomState(5)
    n = 3000
    user = random.choice(["ann", "bob", "cid", "dee"], n, p=[0.4, 0.3, 0.2, 0.1])
    host = np.where(random.rand(n) < 0.9, np.char.add("srv-", user), "srv-shared")
    action = random.choice(["read", "list", "write"], n, p=[0.7, 0.25, 0.05])
    start = pandas.Timestamp("2026-03-02T08:00:00Z")
    time = start + pandas.to_timedelta(np.sort(random.rand(n) * 14 * 86400), unit="s")
    table = pandas.DataFrame(
        {"eventTime": time, "user": user, "host": host, "action": action, "bytes": random.rand(n) * 100}
    )
    table.loc[1700, ["user", "host", "action"]] = ["eve<script>", "srv-ann", "=delete()"]
    return table


@pytest.fixture(scope="module")
def table():
    return rows()


@pytest.fixture(scope="module")
def file(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pandas(table), path, row_group_size=700)
    return path


@pytest.fixture(scope="module")
def classic(file):
    return lanner.hunt(file, fields=FIELDS, models=["KNN", "ECOD", "HBOS"], contamination=0.01, top=5)


@pytest.fixture(scope="module")
def found(file):
    return lanner.hunt([file], fields=FIELDS, top=5)


def same(one, other):
    return one.to_arrow().equals(other.to_arrow())


@pytest.mark.parametrize(
    "given",
    [
        lambda t, f: t,
        lambda t, f: t[t.index >= 0].set_index(pandas.Index(range(7, 7 + len(t)))),
        lambda t, f: polars.from_pandas(t),
        lambda t, f: pyarrow.Table.from_pandas(t),
        lambda t, f: pyarrow.Table.from_pandas(t).to_reader(max_chunksize=123),
        lambda t, f: lanner.read(f),
        lambda t, f: f"{f.parent}/*.parquet",
    ],
    ids=["pandas", "pandas-index", "polars", "pyarrow", "stream", "read", "pattern"],
)
@pytest.mark.parametrize("recipe", ["classic", "lanner"])
def test_a_table_gives_what_its_file_gives(table, file, given, recipe, classic, found):
    options = {"fields": FIELDS, "top": 5}
    if recipe == "classic":
        options |= {"models": "KNN,ECOD,HBOS", "contamination": 0.01}
    hunted = lanner.hunt(given(table, file), **options)
    wanted = classic if recipe == "classic" else found
    assert same(hunted.tuples, wanted.tuples)
    assert hunted.manifest["settings"]["recipe"] == recipe
    events = [h.events.to_arrow().drop_columns(["lanner_file"]) for h in (hunted, wanted)]
    assert events[0].equals(events[1])


def test_the_odd_row_comes_first(classic, found):
    for hunted in (classic, found):
        first = hunted.tuples.to_arrow().slice(0, 1).to_pylist()[0]
        assert first["user"] == "eve<script>"
        assert first["copies"] == 1
        assert len(first["why"]) > 10
        assert 1700 in hunted.events.to_arrow()["lanner_row"].to_pylist()


def test_tables_go_wherever_arrow_goes(classic):
    duckdb = pytest.importorskip("duckdb")
    tuples = classic.tuples
    assert len(tuples) == len(tuples.to_pandas()) == len(tuples.to_polars()) == tuples.to_arrow().num_rows
    assert list(tuples.to_pandas().columns) == tuples.columns == tuples.to_polars().columns
    assert duckdb.sql("SELECT sum(copies) FROM tuples").fetchall() == [(3000,)]


def test_the_parts_of_a_result(classic, found):
    models = classic.models.to_pandas()
    assert list(models["id"]) == ["KNN", "ECOD", "HBOS"]
    assert set(models["status"]) == {"ran"}
    correlation = classic.correlation.to_pandas().set_index("model")
    assert correlation.shape == (3, 3)
    assert correlation.dtypes.eq(float).all()
    assert np.isfinite(classic.score_correlation.to_pandas().set_index("model").to_numpy()).all()
    assert classic.ranks.to_pandas()["rows"].sum() == 3000
    assert classic.incidents is None
    assert len(found.incidents) == 0
    assert {"events", "tuples", "models", "incidents"} == set(found.tables)
    assert classic.manifest["inputs"]["scored"] == 3000
    assert all(check["ok"] for check in classic.manifest["checks"])
    assert "3,000 of 3,000 records scored" in classic.summary
    assert found.report.read_text("utf-8").startswith("<!")


def test_queries(classic, found, table):
    answer = classic.query("SELECT user, sum(copies) AS n FROM tuples GROUP BY user ORDER BY n DESC")
    assert answer.to_pandas()["n"].sum() == 3000
    # The whole input, read again, with what was found of it.
    joined = classic.query("SELECT lanner_row, bytes, rank, code_user FROM rows ORDER BY lanner_row")
    assert np.array_equal(joined.to_pandas()["bytes"], table["bytes"])
    with pytest.raises(ValueError, match="nosuch"):
        classic.query("SELECT nosuch FROM tuples")
    with pytest.raises(ValueError):
        found.query("DROP TABLE tuples")


def test_a_table_in_memory_can_be_asked_for_all_rows(table, tmp_path):
    options = {"fields": FIELDS, "models": "HBOS"}
    hunted = lanner.hunt(table, **options, out=tmp_path / "found")
    sql = "SELECT bytes, rank FROM rows ORDER BY lanner_row"
    answer = hunted.query(sql).to_pandas()
    assert np.array_equal(answer["bytes"], table["bytes"])
    with pytest.raises(ValueError, match="table in memory"):
        lanner.open(tmp_path / "found").query(sql)
    kept = lanner.hunt(table, **options, keep_rows=True, out=tmp_path / "kept")
    assert lanner.open(kept.dir).query(sql).to_pandas().equals(answer)


def test_a_result_is_kept_or_goes(file, table, tmp_path):
    hunted = lanner.hunt(file, fields=FIELDS)
    folder = hunted.dir
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    kept = hunted.save(tmp_path / "kept")
    assert {p.name for p in kept.iterdir()} == {p.name for p in folder.iterdir()}
    with pytest.raises(FileExistsError, match="or force to replace it"):
        hunted.save(kept)
    hunted.save(kept, force=True)
    opened = lanner.open(kept)
    assert isinstance(opened, lanner.Hunt)
    assert same(opened.events, hunted.events)
    tuples = hunted.tuples
    del hunted
    assert not folder.exists()
    assert len(tuples.to_arrow()) == len(tuples)
    with pytest.raises(ValueError, match="inside the input"):
        lanner.hunt(file.parent, fields=FIELDS, out=file.parent / "found")


def test_incidents(tmp_path):
    lanner.sample("cloudtrail", tmp_path / "trail", rows=3000, attacks=2, seed=4)
    hunted = lanner.hunt(tmp_path / "trail")
    assert hunted.manifest["settings"]["preset"] == "cloudtrail"
    assert len(hunted.incidents) > 1
    assert "Incidents: the strangest 5 of" in hunted._repr_html_()
    (first,) = (
        hunted.query("SELECT count(*) AS n FROM events WHERE incident = 1").to_arrow()["n"].to_pylist()
    )
    assert first == hunted.incidents.to_arrow()["rows"][0].as_py()


def test_html_shows_the_log_and_runs_nothing_of_it(classic, found):
    for page in (classic._repr_html_(), found._repr_html_(), classic.tuples._repr_html_()):
        assert "<script" not in page
        assert "eve&lt;script&gt;" in page


def test_plots(classic):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    assert len(classic.plot_heatmap().texts) == 9
    assert classic.plot_scores("KNN").get_xlabel() == "score of KNN"
    axes = classic.plot_scores()
    shown = sum(bar.get_height() for bar in axes.patches if bar.get_y() == 0)
    assert shown > 0
    with pytest.raises(ValueError, match="KNN, ECOD, HBOS"):
        classic.plot_scores("LOF")


def test_errors_are_what_a_python_user_expects(file, table, tmp_path):
    for call, kind, text in [
        (lambda: lanner.hunt(tmp_path / "none.csv"), FileNotFoundError, "none.csv"),
        (lambda: lanner.hunt(file, fields="usr"), ValueError, "nearest: user"),
        (lambda: lanner.hunt(file, contamination=2), ValueError, "^contamination must be above 0"),
        (lambda: lanner.hunt(file, recipe="x"), ValueError, "recipe"),
        (lambda: lanner.hunt(file, models="nosuch"), ValueError, "there is no model"),
        (lambda: lanner.hunt(file, param={"LOF.n": 3}), ValueError, "LOF"),
        (lambda: lanner.hunt(file, param={"LOF": 3}), ValueError, "should look like"),
        (lambda: lanner.hunt(file, no_forecast=True, deadline=9), ValueError, "^no_forecast goes with"),
        (lambda: lanner.hunt(file, max_rejects=101), ValueError, "^max_rejects must be"),
        (lambda: lanner.hunt(file, where="nosuch = 1"), ValueError, "nosuch"),
        (lambda: lanner.hunt(file, where="bytes < 0"), ValueError, "no record to score"),
        (lambda: lanner.hunt(file, tz="Mars/North"), ValueError, "^tz"),
        (lambda: lanner.hunt(42), TypeError, "Arrow C stream"),
        (lambda: lanner.hunt([]), ValueError, "empty"),
        (lambda: lanner.hunt(table.iloc[:0]), ValueError, "no record"),
        (lambda: lanner.open(tmp_path), FileNotFoundError, "finished hunt"),
        (lambda: lanner.read(table), TypeError, "names? a path|name a path"),
    ]:
        with pytest.raises(kind, match=text):
            call()


def test_rejects_are_told(tmp_path):
    lines = [json.dumps({"user": f"u{i % 5}", "host": "h"}) for i in range(50)]
    (tmp_path / "log.ndjson").write_text("\n".join([*lines, "{broken", "{broken too"]))
    with pytest.warns(
        UserWarning, match=r"2 of 52 records were rejected \(3.8 %\), more than max_rejects 1 %"
    ):
        read = lanner.read(tmp_path / "log.ndjson", max_rejects=1)
    (account,) = read.account["files"]
    assert (len(read), account["records"], account["rejects"]) == (50, 52, 2)
    assert [place["record"] for place in account["listed"]] == [50, 51]
    with pytest.warns(UserWarning, match="the rest was scored"):
        lanner.hunt(tmp_path / "log.ndjson", max_rejects=1)


def test_the_steps_on_the_way(file, table):
    fields = lanner.fields(file).to_pandas().set_index("field")
    assert fields.loc["user", "distinct"] == 5
    assert fields.loc["bytes", "type"] == "Float64"
    assert lanner.fields(table).to_pandas().equals(fields.reset_index())
    foreseen = lanner.forecast(table, fields=FIELDS, models="KNN,HBOS").to_pandas()
    assert list(foreseen["id"]) == ["KNN", "HBOS"]
    assert (foreseen["seconds"] >= 0).all()
    with pytest.raises(TypeError, match="nosuch"):
        lanner.forecast(table, nosuch=1)
    picked = lanner.read(file, fields=["action", "user"])
    assert picked.columns == ["action", "user"]
    assert len(picked) == 3000


def test_scores_of_one_model():
    random = np.random.RandomState(1)
    X = random.randn(200, 3)
    X[0] = 9
    table = pandas.DataFrame(X, columns=list("abc")).assign(name="x")
    scores = lanner.score(table, "KNN", param={"n_neighbors": 7}, contamination=0.05).to_pandas()
    own = lanner.models.KNN(n_neighbors=7, contamination=0.05).fit(X)
    assert np.array_equal(scores["score"], own.decision_scores_)
    assert np.array_equal(scores["label"], own.labels_)
    new = lanner.score(table.iloc[:5], "KNN", param={"n_neighbors": 7}, fit=table).to_pandas()
    assert np.allclose(new["score"], own.decision_function(X[:5]))
    shares = lanner.score(table, "ECOD", explain=True, drop=["c"]).to_pandas()
    assert list(shares.columns) == ["score", "label", "share_a", "share_b"]
    odd = shares[shares["label"] == 1]
    assert np.allclose(odd["share_a"] + odd["share_b"], 1)
    assert shares[shares["label"] == 0]["share_a"].isna().all()
    with pytest.raises(ValueError, match="there is no model"):
        lanner.score(table, "nosuch")
    with pytest.raises(ValueError, match="no numeric column"):
        lanner.score(table[["name"]], "KNN")
