"""Hunts: the strangest rows of logs, and the steps on the way to them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from lanner import _data, _lanner
from lanner._folder import Folder
from lanner._logons import Sessions
from lanner._progress import Progress
from lanner._result import Hunt
from lanner._table import Table

_Names = str | Sequence[str]
_Path = str | os.PathLike[str]


def hunt(
    data: _data.Data,
    *,
    fields: _Names | None = None,
    recipe: str | None = None,
    preset: _Path | None = None,
    numeric: _Names = (),
    categorical: _Names = (),
    encode: _Names | None = None,
    nulls: str = "median",
    where: str | None = None,
    since: str | date | datetime | None = None,
    until: str | date | datetime | None = None,
    max_rejects: float = 5.0,
    models: _Names | None = None,
    param: Mapping[str, Any] | None = None,
    contamination: float = 0.001,
    top: int = 100,
    seed: int = 42,
    max_seconds: float | None = None,
    deadline: float | None = None,
    no_forecast: bool = False,
    time: str | None = None,
    tz: str | None = None,
    max_record: int | None = None,
    max_depth: int | None = None,
    max_ratio: int | None = None,
    memory: int | None = None,
    out: _Path | None = None,
    force: bool = False,
    keep_rows: bool = False,
    raw_csv: bool = False,
    progress: bool = True,
) -> Hunt:
    """Finds the strangest rows of logs, and says why.

    Equal combinations of the detection fields are merged first, with their number of copies, then scored,
    and joined back to their rows. The options are those of the command ``lanner hunt``. It runs on all
    cores (`lanner.set_threads`) without the interpreter's lock.

    Parameters
    ----------
    data : path, list of paths, or table
        Files, folders, patterns of any supported form; or a table with the Arrow C stream: pandas, polars,
        pyarrow, a DuckDB relation, `lanner.read`. The memory of a table is shared, not copied. A pandas
        index counts as a column if it has a name. A stream of batches is taken in as a whole.
    fields : names, optional
        Detection fields; the preset's, or all columns, by default.
    recipe : {"lanner", "classic"}, optional
        How to find what is strange: surprise given who does it, and incidents; or detectors on category
        codes and votes. By default lanner; classic for tables of numbers, and where an option is given
        that only it has.
    preset : str or path, optional
        What the fields mean: a name, or a file of your own; found out by default.
    numeric, categorical : names
        Fields to take as numbers or as categories, whatever their type.
    encode : names, optional
        Encode exactly these fields as categories; one that is not in `fields` only tells tuples apart.
    nulls : {"median", "reject"}, default="median"
        What to do with a null number.
    where : str, optional
        Only rows that meet this SQL condition.
    since, until : str or datetime, optional
        Only rows at or after the one and before the other.
    max_rejects : float, default=5.0
        Rejected records, in percent, above which there is a warning.
    models : names, optional
        Models: ``default``, ``all`` (of numbers), ``categorical``, names, or ``-NAME`` to leave one out.
    param : mapping, optional
        Parameters of models: ``{"LOF.n_neighbors": 35}``.
    contamination : float, default=0.001
        Share of rows (of tuples in the lanner recipe) that each model is to flag.
    top : int, default=100
        List this many of the strangest tuples whatever their votes.
    seed : int, default=42
        Seed of everything random. The same input and seed give the same results on any number of threads.
    max_seconds : float, optional
        Leave models out that are expected to take longer; 60 by default.
    deadline : float, optional
        Seconds for all models together.
    no_forecast : bool, default=False
        Run every model, however long it takes.
    time : str, optional
        Field that holds the event time.
    tz : str, optional
        Zone of times that name none; UTC by default.
    max_record, max_depth, max_ratio : int, optional
        Bounds on hostile input: MiB of a record, levels of nesting, decompressed bytes per compressed one.
    memory : int, optional
        MiB for grouping and joining before they spill to disk; 1024 by default.
    out : path, optional
        Write all results into this new folder; by default they are in a temporary one.
    force : bool, default=False
        Replace the folder of an earlier hunt.
    keep_rows : bool, default=False
        Also keep all rows with rank, score, votes and codes, so that queries on ``rows`` do not need the
        input again.
    raw_csv : bool, default=False
        Leave cells that a spreadsheet would run as formulas as they are in ``events.csv``.
    progress : bool, default=True
        Show what is going on, where tqdm is installed and somebody looks.

    Returns
    -------
    found : Hunt

    Raises
    ------
    ValueError
        For a wrong option or an unknown field, with the nearest names, and where there is nothing to score.
    TypeError
        If `data` is nothing that can be read.
    OSError
        If a file is missing or cannot be read, or the folder cannot be written (FileNotFoundError,
        PermissionError, FileExistsError where it is that).
    KeyboardInterrupt
        On Ctrl-C, within a second; nothing is left behind then.

    Warns
    -----
    UserWarning
        If more records were rejected than `max_rejects`.

    Examples
    --------
    >>> import pyarrow
    >>> user, host = ["ann"] * 900 + ["bob"] * 99 + ["eve"], ["web"] * 999 + ["db"]
    >>> table = pyarrow.table({"user": user, "host": host})
    >>> found = hunt(table, recipe="classic", models=["ECOD", "HBOS"])
    >>> found.tuples.to_arrow()["user"][0].as_py()
    'eve'
    """
    paths, table = _data.source(data)
    asked = _asked(
        paths,
        fields=fields,
        recipe=recipe,
        preset=preset,
        numeric=numeric,
        categorical=categorical,
        encode=encode,
        nulls=nulls,
        where=where,
        since=since,
        until=until,
        max_rejects=max_rejects,
        models=models,
        param=param,
        contamination=contamination,
        top=top,
        seed=seed,
        max_seconds=max_seconds,
        deadline=deadline,
        no_forecast=no_forecast,
        memory=memory,
        reading=_reading(time, tz, max_record, max_depth, max_ratio),
    )

    def run(folder: Path) -> _lanner.Finished:
        writing = _data.writing(folder, force, keep_rows=keep_rows, raw_csv=raw_csv)
        return _lanner.hunt(asked, writing, table, listener)

    with Progress(progress) as listener:
        found = Hunt._made(out, run)
    _data.few_rejects(found.manifest["inputs"], max_rejects, "scored")
    return found


def forecast(
    data: _data.Data, *, models: _Names | None = None, progress: bool = True, **options: Any
) -> Table:
    """Says how long each model of a hunt would take, and which ones a hunt would leave out.

    Parameters
    ----------
    data : path, list of paths, or table
        As for `hunt`.
    models : names, optional
        As for `hunt`.
    progress : bool, default=True
        As for `hunt`.
    **options
        Any other option of `hunt` about fields, rows and models.

    Returns
    -------
    forecast : Table
        Of each model ``id``, ``seconds``, ``samples`` (rows and seconds of the timed trials, the power law
        ``a n^b`` through them and where the seconds come from, as JSON) and ``left_out``, the reason why it
        would not run.

    Raises
    ------
    ValueError, TypeError, OSError, KeyboardInterrupt
        As `hunt`.
    """
    paths, table = _data.source(data)
    reading = {name: options.pop(name, None) for name in _READING}
    asked = _asked(paths, models=models, reading=_reading(**reading), **options)
    with Progress(progress) as listener:
        return Table(_lanner.forecast(asked, table, listener))


def fields(
    data: _data.Data,
    *,
    time: str | None = None,
    tz: str | None = None,
    max_record: int | None = None,
    max_depth: int | None = None,
    max_ratio: int | None = None,
) -> Table:
    """Shows the fields of logs: what to choose detection fields from.

    Parameters
    ----------
    data : path, list of paths, or table
        As for `hunt`.
    time, tz, max_record, max_depth, max_ratio
        As for `hunt`.

    Returns
    -------
    fields : Table
        Of each field ``field``, ``type``, ``distinct`` values (``estimated`` where there are many),
        ``nulls``, ``rows`` and ``examples``.

    Raises
    ------
    ValueError, TypeError, OSError, KeyboardInterrupt
        As `hunt`.
    """
    paths, table = _data.source(data)
    return Table(_lanner.fields(paths, _reading(time, tz, max_record, max_depth, max_ratio), table))


class Read(Table):
    """A table that was read, and what was read.

    Attributes
    ----------
    account : dict
        ``kind`` of log, ``files`` with path, format, SHA-256, records, rejects and the first of them with
        their places and reasons, and files ``skipped`` with the reason.
    """

    def __init__(self, data: Any, account: dict[str, Any]) -> None:
        super().__init__(data)
        self.account = account


def read(
    paths: _Path | Sequence[_Path],
    *,
    fields: _Names | None = None,
    max_rejects: float = 5.0,
    time: str | None = None,
    tz: str | None = None,
    max_record: int | None = None,
    max_depth: int | None = None,
    max_ratio: int | None = None,
) -> Read:
    """Reads logs of any supported form into a table.

    Parameters
    ----------
    paths : path or list of paths
        Files, folders, patterns: CloudTrail, JSON, CSV, Parquet, Arrow, EVTX; compressed or not.
    fields : names, optional
        Columns, also at dotted paths into records; all columns by default.
    max_rejects : float, default=5.0
        Rejected records, in percent, above which there is a warning.
    time, tz, max_record, max_depth, max_ratio
        As for `hunt`.

    Returns
    -------
    table : Read
        All rows in the order of the input, with ``account``.

    Raises
    ------
    ValueError
        If nothing can be read, or for a field that there is not.
    OSError
        If a file is missing or cannot be read.

    Warns
    -----
    UserWarning
        If more records were rejected than `max_rejects`.
    """
    reading = _reading(time, tz, max_record, max_depth, max_ratio)
    table, account = _lanner.read(_data.paths(paths), _data.names(fields), reading)
    found = Read(table, json.loads(account))
    files = found.account["files"]
    rejected, records = (sum(f[key] for f in files) for key in ("rejects", "records"))
    _data.few_rejects({"rejected": rejected, "read": records}, max_rejects, "read")
    return found


def score(
    table: _data.Data,
    model: str,
    *,
    param: Mapping[str, Any] | None = None,
    contamination: float = 0.1,
    seed: int = 42,
    fit: _data.Data | None = None,
    explain: bool = False,
    drop: _Names = (),
) -> Table:
    """Scores the rows of a numeric table with one model.

    Parameters
    ----------
    table : path or table
        As `data` for `hunt`; its numeric columns are taken. A null or non-finite number becomes its
        column's median.
    model : str
        Name of the model.
    param : mapping, optional
        Its parameters: ``{"n_neighbors": 10}``.
    contamination : float, default=0.1
        Share of rows to label.
    seed : int, default=42
        Seed.
    fit : path or table, optional
        Fit on this table instead, and score the other against it.
    explain : bool, default=False
        Add how much of its score each column carries to labelled rows. Not with `fit`.
    drop : names
        Columns to leave out, a label for instance.

    Returns
    -------
    scores : Table
        Of each row, in order, ``score`` (larger is odder), ``label`` (1 above the threshold) and, with
        `explain`, ``share_NAME`` for each column, 0 to 1, null where there is no label.

    Raises
    ------
    ValueError
        For an unknown model, a wrong parameter, a table without numbers or rows.
    TypeError, OSError, KeyboardInterrupt
        As `hunt`.

    Examples
    --------
    >>> import pyarrow
    >>> table = pyarrow.table({"x": [1.0, 1.1, 0.9, 1.0, 9.0]})
    >>> scores = score(table, "KNN", param={"n_neighbors": 2}, contamination=0.2)
    >>> scores.to_arrow()["label"].to_pylist()
    [0, 0, 0, 0, 1]
    """
    if explain and fit is not None:
        raise ValueError("explain cannot be used with fit")
    asked = _data.packed(
        model=model,
        params=dict(param or {}),
        contamination=contamination,
        seed=seed,
        explain=bool(explain),
        drop=_data.names(drop),
        reading={},
    )
    train = None if fit is None else _data.source(fit)
    return Table(_lanner.score(asked, _data.source(table), train))


def sample(
    kind: str,
    out: _Path,
    *,
    rows: int = 100_000,
    sessions: int = 600,
    attacks: int = 12,
    days: int = 30,
    seed: int = 1,
    force: bool = False,
) -> Path:
    """Writes realistic logs with planted attacks, to try things on.

    Parameters
    ----------
    kind : {"cloudtrail", "windows"}
        AWS CloudTrail, or Windows event logs of terminal servers.
    out : path
        A folder; for CloudTrail also a file that ends in ``.parquet``.
    rows, days : int
        Events of the CloudTrail, and days they are spread over.
    sessions : int, default=600
        Logon sessions of the Windows logs.
    attacks : int, default=12
        Attacks, or sessions, to plant.
    seed : int, default=1
        The same seed gives the same bytes.
    force : bool, default=False
        Replace what is there.

    Returns
    -------
    truth : pathlib.Path
        The file that names what was planted.

    Raises
    ------
    ValueError
        For another kind, or numbers that do not fit each other.
    OSError
        If the place is taken or cannot be written to.
    """
    where = Path(out).expanduser()
    if kind == "cloudtrail":
        return _lanner.sample_cloudtrail(where, rows, attacks, days, seed, force)
    if kind == "windows":
        return _lanner.sample_windows(where, sessions, attacks, seed, force)
    raise ValueError(f"kind {kind!r} is not known; there are cloudtrail and windows")


def open(folder: _Path) -> Hunt | Sessions:
    """Opens a finished run.

    Parameters
    ----------
    folder : path
        The folder that `hunt`, `sessions` or the command ``lanner`` wrote.

    Returns
    -------
    found : Hunt or Sessions

    Raises
    ------
    FileNotFoundError
        If it is no such folder.
    ValueError
        If its files are damaged.
    """
    path = Path(folder).expanduser()
    native = _lanner.Finished.open(path)
    kind: type[Folder] = Sessions if native.of_sessions else Hunt
    found = kind(native, path)
    assert isinstance(found, (Hunt, Sessions))
    return found


_READING = ("time", "tz", "max_record", "max_depth", "max_ratio")


def _reading(
    time: str | None,
    tz: str | None,
    max_record: int | None,
    max_depth: int | None,
    max_ratio: int | None,
) -> str:
    return _data.packed(time=time, tz=tz, max_record=max_record, max_depth=max_depth, max_ratio=max_ratio)


def _asked(paths: list[str], *, reading: str, **options: Any) -> str:
    """The options of a hunt by their names in the core."""
    lists = {name: _data.names(options.pop(name, None)) for name in _LISTS}
    times = {name: _data.moment(options.pop(name, None)) for name in ("since", "until")}
    params = _data.by_model(options.pop("param", None))
    known = {"filter": options.pop("where", None)}
    for name in _PLAIN:
        known[name] = options.pop(name, None)
    if options:
        raise TypeError(f"unknown option {next(iter(options))!r}")
    return _data.packed(inputs=paths, params=params, reading=json.loads(reading), **lists, **times, **known)


_LISTS = ("fields", "numeric", "categorical", "encode", "models")
_PLAIN = (
    "recipe",
    "preset",
    "nulls",
    "max_rejects",
    "contamination",
    "top",
    "seed",
    "max_seconds",
    "deadline",
    "no_forecast",
    "memory",
)
