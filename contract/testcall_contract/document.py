"""A page of text, tables and cards as a value, which is rendered as plain text, as Markdown or as HTML.

What ``testcall spec`` prints is made as such a :class:`Document` first, so that the three forms can't say different things.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Form = Literal["text", "markdown", "html"]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text: plain, ``code``, or soft (less important); with a ``link`` where it leads somewhere."""

    text: str
    code: bool = False
    soft: bool = False
    link: str | None = None

    @property
    def target(self) -> str | None:
        """Where it leads, if that is a place of the page or a plain address; nothing else becomes a link."""
        return self.link if self.link and _TARGET.fullmatch(self.link) else None


_TARGET = re.compile(r"#[\w.-]+|https://[^\s<>\"'()\[\]\\]+")


Cell = tuple[Span, ...]
"""A line of spans."""


def plain(text: str) -> Cell:
    """A cell of plain text."""
    return (Span(text),)


def code(text: str) -> Cell:
    """A cell of code."""
    return (Span(text, code=True),)


def soft(text: str) -> Cell:
    """A cell of less important text."""
    return (Span(text, soft=True),)


def joined(cells: list[Cell], separator: str = ", ") -> Cell:
    """Several cells as one."""
    spans: list[Span] = []
    for index, cell in enumerate(cells):
        spans += [Span(separator), *cell] if index else cell
    return tuple(spans)


Mark = Literal["", "gap", "differs", "good", "bad"]
"""What is to be noticed about a cell."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; ``marks`` has one word for each cell, or is empty."""

    cells: tuple[Cell, ...]
    marks: tuple[Mark, ...] = ()
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``caption`` says what it shows, for those who hear it."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    spans: Cell


@dataclass(frozen=True, slots=True)
class Card:
    """One thing with an id, a title, facts about it, and what belongs to it."""

    id: str
    title: str
    facts: tuple[tuple[str, Cell], ...] = ()
    blocks: tuple[Table | Paragraph, ...] = ()


Block = Table | Paragraph | Card


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document; ``lead`` says what it holds."""

    id: str
    title: str
    lead: str = ""
    blocks: tuple[Block, ...] = ()
    level: Literal[2, 3] = 2


@dataclass(frozen=True, slots=True)
class Document:
    """A page."""

    title: str
    lead: str
    sections: tuple[Section, ...] = ()


def render(document: Document, form: Form) -> str:
    """``document`` in the form that was asked for."""
    if form == "html":
        from testcall_contract.document_html import as_html

        return as_html(document)
    from testcall_contract.document_text import as_markdown, as_text

    return as_text(document) if form == "text" else as_markdown(document)
