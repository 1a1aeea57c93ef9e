"""Renders documents as one self-contained HTML page: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from html import escape
from importlib import resources

from testcall_contract.document import Block, Card, Cell, Document, Paragraph, Row, Section, Span, Table

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def as_html(document: Document) -> str:
    """``document`` as an HTML page."""
    style = resources.files("testcall_contract").joinpath("document.css").read_text(encoding="utf-8")
    links = "".join(
        f'<li><a href="#{escape(section.id)}">{escape(section.title)}</a></li>'
        for section in document.sections
        if section.level == 2
    )
    body = "\n".join(_section(section) for section in document.sections)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>testcall: {escape(document.title)}</title>
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<p class="mark">testcall</p>
<h1>{escape(document.title)}</h1>
<p class="lead">{escape(document.lead)}</p>
<nav aria-label="Sections"><ul>{links}</ul></nav>
</header>
<main id="main">
{body}
</main>
</body>
</html>
"""


def _section(section: Section) -> str:
    heading = f'<h{section.level} id="{escape(section.id)}">{escape(section.title)}</h{section.level}>'
    lead = f'<p class="lead">{escape(section.lead)}</p>' if section.lead else ""
    blocks = "\n".join(_block(block) for block in section.blocks)
    return f'<section class="level{section.level}" aria-labelledby="{escape(section.id)}">\n{heading}\n{lead}\n{blocks}\n</section>'


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{_cell(block.spans)}</p>"
    if isinstance(block, Table):
        return _table(block)
    return _card(block)


def _card(card: Card) -> str:
    facts = "".join(f"<div><dt>{escape(label)}</dt><dd>{_cell(cell)}</dd></div>" for label, cell in card.facts)
    inner = "\n".join(_block(block) for block in card.blocks)
    return (
        f'<article class="card" id="{escape(card.id)}">\n'
        f'<header><h3>{escape(card.title)}</h3><a class="id" href="#{escape(card.id)}">{escape(card.id)}</a></header>\n'
        f"<dl>{facts}</dl>\n{inner}\n</article>"
    )


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = "\n".join(_row(row) for row in table.rows)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(table.caption)}">\n'
        f'<table>\n<caption class="hear">{escape(table.caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


_SAID = {"gap": "missing", "differs": "differs", "good": "", "bad": "look here"}


def _row(row: Row) -> str:
    cells = []
    for index, cell in enumerate(row.cells):
        mark = row.marks[index] if row.marks else ""
        kind = f' class="{mark}"' if mark else ""
        said = f'<span class="hear"> ({_SAID[mark]})</span>' if mark and _SAID[mark] else ""
        tag, scope = ("th", ' scope="row"') if index == 0 else ("td", "")
        cells.append(f"<{tag}{scope}{kind}>{_cell(cell)}{said}</{tag}>")
    anchor = f' id="{escape(row.id)}"' if row.id else ""
    return f"<tr{anchor}>{''.join(cells)}</tr>"


def _cell(cell: Cell) -> str:
    return "".join(_span(span) for span in cell)


def _span(span: Span) -> str:
    text = escape(span.text)
    if span.code:
        text = f"<code>{text}</code>"
    if span.soft:
        text = f'<span class="soft">{text}</span>'
    if span.target:
        text = f'<a href="{escape(span.target)}">{text}</a>'
    return text
