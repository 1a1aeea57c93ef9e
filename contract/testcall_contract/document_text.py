"""Renders documents as plain text for a terminal, and as Markdown."""

from __future__ import annotations

import textwrap

from testcall_contract.document import Block, Card, Cell, Document, Mark, Paragraph, Row, Section, Span, Table

WIDTH = 110
"""So wide is plain text at most; a table that needs more is written row by row."""

_SIGNS: dict[Mark, str] = {"": "", "gap": "", "differs": " ≠", "good": "", "bad": " !"}


def as_text(document: Document) -> str:
    """``document`` as plain text."""
    lines = [document.title, "=" * len(document.title), "", *_wrapped(document.lead)]
    for section in document.sections:
        rule = "-" if section.level == 2 else "."
        lines += ["", section.title, rule * len(section.title)]
        if section.lead:
            lines += _wrapped(section.lead)
        for block in section.blocks:
            lines += ["", *_text_block(block)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _wrapped(text: str, indent: str = "", first: str | None = None) -> list[str]:
    lead = indent if first is None else first
    return textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=indent) or [lead.rstrip()]


def _words(cell: Cell) -> str:
    return "".join(span.text for span in cell)


def _links(cell: Cell) -> list[str]:
    """Where a cell leads outside of the document."""
    return [span.target for span in cell if span.target and not span.target.startswith("#")]


def _text_block(block: Block, indent: str = "") -> list[str]:
    if isinstance(block, Paragraph):
        return _wrapped(_words(block.spans), indent)
    if isinstance(block, Table):
        return _text_table(block, indent)
    return _text_card(block)


def _text_card(card: Card) -> list[str]:
    lines = _wrapped(card.title, "    ", f"{card.id}  ")
    for label, cell in card.facts:
        lines += _wrapped(_words(cell), "    " + " " * (len(label) + 2), f"    {label}: ")
        lines += [f"        {link}" for link in _links(cell)]
    for block in card.blocks:
        lines += _text_block(block, "    ")
    return lines


def _text_table(table: Table, indent: str = "") -> list[str]:
    rows = [[_cell_text(row, index) for index in range(len(row.cells))] for row in table.rows]
    widths = [max(len(text) for text in column) for column in zip(table.columns, *rows, strict=True)]
    if len(indent) + sum(widths) + 2 * len(widths) > WIDTH:
        return _text_stack(table, rows, indent)
    lines = [indent + "  ".join(name.ljust(width) for name, width in zip(table.columns, widths, strict=True))]
    lines.append(indent + "  ".join("-" * width for width in widths))
    for row in rows:
        lines.append(indent + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)))
    return lines


def _cell_text(row: Row, index: int) -> str:
    return _words(row.cells[index]) + _sign(row, index)


def _sign(row: Row, index: int) -> str:
    return _SIGNS[row.marks[index]] if row.marks else ""


def _text_stack(table: Table, rows: list[list[str]], indent: str) -> list[str]:
    """A table that is too wide, row by row: the first cell as a heading, the others under the names of their columns."""
    lines: list[str] = []
    label = max(len(name) for name in table.columns[1:])
    for row, texts in zip(table.rows, rows, strict=True):
        lines += _wrapped(texts[0], indent + "  ", indent)
        for index, (name, text) in enumerate(zip(table.columns[1:], texts[1:], strict=True), 1):
            if text and not (row.marks and row.marks[index] == "gap"):
                hang = indent + " " * (label + 4)
                lines += _wrapped(text, hang, f"{indent}  {name.ljust(label)}  ")
            lines += [f"{indent}{' ' * (label + 4)}{link}" for link in _links(row.cells[index])]
    return lines


def as_markdown(document: Document) -> str:
    """``document`` as Markdown with tables."""
    lines = [f"# {_escaped(document.title)}", "", _escaped(document.lead)]
    for section in document.sections:
        lines += ["", f"{'#' * section.level} {_escaped(section.title)}"]
        if section.lead:
            lines += ["", _escaped(section.lead)]
        for block in section.blocks:
            lines += ["", *_markdown_block(block, section)]
    return "\n".join(lines) + "\n"


def _markdown_block(block: Block, section: Section) -> list[str]:
    if isinstance(block, Paragraph):
        return [_markdown(block.spans)]
    if isinstance(block, Table):
        return _markdown_table(block)
    lines = [f'<a id="{block.id}"></a>', "", f"{'#' * (section.level + 1)} {block.id}: {_escaped(block.title)}", ""]
    lines += [f"- {label}: {_markdown(cell)}" for label, cell in block.facts]
    for inner in block.blocks:
        lines += ["", *_markdown_block(inner, section)]
    return lines


def _markdown_table(table: Table) -> list[str]:
    lines = ["| " + " | ".join(_escaped(name) for name in table.columns) + " |"]
    lines.append("| " + " | ".join("---" for _ in table.columns) + " |")
    for row in table.rows:
        cells = [_markdown(cell) + _sign(row, index) for index, cell in enumerate(row.cells)]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _markdown(cell: Cell) -> str:
    return "".join(_markdown_span(span) for span in cell)


def _markdown_span(span: Span) -> str:
    text = f"`{span.text}`".replace("|", "\\|") if span.code and "`" not in span.text else _escaped(span.text)
    return f"[{text}]({span.target})" if span.target else text


def _escaped(text: str) -> str:
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")
