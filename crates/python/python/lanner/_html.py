"""Pieces of HTML for notebooks. Every text goes through one function that escapes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

# Inherits the notebook's colours, so that it is readable on light and on dark; where notebooks have rules
# of their own for tables, ours are said to be important.
_STYLE = """
.lanner{font:13px/1.45 system-ui,sans-serif;max-width:100%}
.lanner h4{font-size:15px;font-weight:600;margin:.2em 0}
.lanner p{margin:.3em 0}
.lanner .note{opacity:.7}
.lanner .wrap{overflow-x:auto;margin:.6em 0 1em}
.lanner table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:0!important}
.lanner caption{caption-side:top;text-align:left;font-weight:600;padding:.2em 0;color:inherit}
.lanner tr{background:none!important;border:0!important}
.lanner th,.lanner td{padding:.22em .7em .22em 0;text-align:left!important;vertical-align:top;
border:0!important;max-width:44em!important;overflow-wrap:anywhere}
.lanner thead th{font-weight:600;white-space:nowrap;border-bottom:1px solid rgba(128,128,128,.6)!important}
.lanner tbody tr.row td{border-top:1px solid rgba(128,128,128,.25)!important}
.lanner td.t{white-space:nowrap}
.lanner td.n,.lanner th.n{text-align:right!important;white-space:nowrap}
.lanner tr.below td{padding-top:0;padding-bottom:.4em;opacity:.75}
.lanner td i{opacity:.5}
.lanner .odd{font-weight:600;color:#c2410c}
"""


# Characters of text in a line, shared by the columns of a table.
_LINE = 105


def page(*parts: str) -> str:
    """The parts in one box with their style."""
    return f"<div class='lanner'><style>{_STYLE}</style>{''.join(parts)}</div>"


def heading(text: str) -> str:
    """A heading."""
    return f"<h4>{escape(text)}</h4>"


def line(text: str, *, note: bool = False) -> str:
    """A line of text; a note is quieter."""
    return f"<p{' class=note' if note else ''}>{escape(text)}</p>"


def warning(text: str) -> str:
    """A line that wants to be seen."""
    return f"<p><span class=odd>Note</span> {escape(text)}</p>"


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    *,
    caption: str | None = None,
    numbers: frozenset[str] = frozenset(),
    below: str | None = None,
) -> str:
    """A table of texts; null is shown as such, long texts lose their middle.

    ``numbers`` names columns set flush right, ``below`` one that stands below each row, whole.
    """
    kinds = ["n" if c in numbers else "t" for c in columns]
    under = columns.index(below) if below is not None else None
    shown = [i for i in range(len(columns)) if i != under]
    texts = sum(kinds[i] == "t" for i in shown)
    longest = max(16, _LINE // max(texts, 1))
    head = "".join(f"<th class={kinds[i]}>{escape(columns[i])}</th>" for i in shown)
    body = []
    for row in rows:
        cells = "".join(_cell(kinds[i], row[i], longest) for i in shown)
        body.append(f"<tr class=row>{cells}</tr>")
        if under is not None and row[under]:
            text = escape(row[under] or "")
            body.append(f"<tr class=below><td></td><td colspan={len(shown) - 1}>{text}</td></tr>")
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f"<div class=wrap><table>{title}<thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(kind: str, value: str | None, longest: int) -> str:
    if value is None:
        return f"<td class={kind}><i>null</i></td>"
    if len(value) <= longest:
        return f"<td class={kind}>{escape(value)}</td>"
    # Of long names the end tells most; the whole is shown when pointed at.
    short = f"{value[: longest // 3]}…{value[-(longest - longest // 3) :]}"
    return f"<td class={kind} title='{escape(value)}'>{escape(short)}</td>"
