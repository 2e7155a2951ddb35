"""Pieces of HTML for notebooks. Every text goes through one function that escapes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

# Inherits the notebook's colours, so that it is readable on light and on dark.
_STYLE = """
.lanner{font:13px/1.45 system-ui,sans-serif;max-width:100%}
.lanner h4{font-size:15px;margin:.2em 0}
.lanner p{margin:.3em 0}
.lanner .note{opacity:.75}
.lanner .wrap{overflow-x:auto;margin:.4em 0}
.lanner table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:0}
.lanner caption{caption-side:bottom;text-align:left;opacity:.65;padding:.3em .1em;font-size:12px}
.lanner th,.lanner td{padding:.25em .6em;text-align:left;vertical-align:top;max-width:32em;
border-bottom:1px solid rgba(128,128,128,.28);overflow-wrap:anywhere}
.lanner td.cut{white-space:nowrap;overflow:hidden;text-overflow:ellipsis;max-width:18em}
.lanner th{font-weight:600;border-bottom-width:2px;white-space:nowrap}
.lanner td.n{text-align:right;white-space:nowrap}
.lanner td i{opacity:.5}
.lanner .odd{font-weight:600;color:#c2410c}
"""


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
    whole: frozenset[str] | None = None,
) -> str:
    """A table of texts; null is shown as such.

    ``numbers`` names columns set flush right, ``whole`` those whose text is wrapped, not cut; by default
    all are cut.
    """
    classes = [
        "n" if c in numbers else "cut" if whole is None or c not in whole else "w" for c in columns
    ]
    head = "".join(f"<th>{escape(c)}</th>" for c in columns)
    body = "".join(
        "<tr>" + "".join(_cell(c, value) for c, value in zip(classes, row)) + "</tr>" for row in rows
    )
    foot = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f"<div class='wrap'><table>{foot}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(kind: str, value: str | None) -> str:
    if value is None:
        return f"<td class={kind}><i>null</i></td>"
    text = escape(value)
    title = f" title='{text}'" if kind == "cut" and len(value) > 24 else ""
    return f"<td class={kind}{title}>{text}</td>"
