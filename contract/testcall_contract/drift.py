"""Sentences of the documentation as hashes, and whether a copy of the documentation still has them.

A contract keeps no sentence of the vendor's pages, only where it stands and the hash of its normalised form. So a page is cut
into everything that a clause may stand on (lines, paragraphs, list items, table rows and cells, sentences, short runs of them),
each is hashed, and a clause whose hash is not among them has lost its sentence.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from testcall_contract.citation import Citation, cite
from testcall_contract.document import Document, Row, Section, Span, Table, code, plain
from testcall_contract.errors import ContractError
from testcall_contract.models import Contract, Source
from testcall_contract.promises import promises

RUN = 6
"""So many lines or sentences in a row may be what a clause stands on."""

MAX_PAGE = 5_000_000
"""Pages of more bytes are not read."""

_MARKUP = re.compile(r"[`*_~#>|]|<[^>]*>|!?\[([^\]]*)\]\([^)]*\)")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\s*<br\s*/?>\s*")
_CLAUSE_END = re.compile(rf"{_SENTENCE_END.pattern}|\s+[—–]\s+")
"""Where a block is cut: at the ends of sentences, and once more at dashes, too."""


def normalise(sentence: str) -> str:
    """``sentence`` without Markdown, in NFKC and lower case, white space folded, no full stop at the end."""
    plain_text = _MARKUP.sub(lambda match: match.group(1) or " ", sentence)
    plain_text = unicodedata.normalize("NFKC", plain_text).lower()
    return re.sub(r"\s+", " ", plain_text).strip(" .:;,")


def sentence_hash(sentence: str) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of the normalised sentence."""
    return hashlib.sha256(normalise(sentence).encode()).hexdigest()[:12]


# --- pages -----------------------------------------------------------------------------------------------------------


def page_hashes(text: str, *, is_json: bool = False) -> frozenset[str]:
    """The hashes of everything in a page that a clause may stand on."""
    units = _json_units(text) if is_json else _page_units(text)
    return frozenset(sentence_hash(unit) for unit in units if unit.strip())


def _page_units(text: str) -> Iterator[str]:
    lines = text.splitlines()
    yield from _runs([line for line in lines if line.strip()], "\n")
    for line in lines:
        if line.lstrip().startswith("|"):
            yield from re.split(r"(?<!\\)\|", line)
        if ": " in line and not line.lstrip().startswith(("|", "-", "*")):
            yield line.partition(": ")[2].strip("\"'")
    for block in _blocks(lines):
        yield block
        yield from _runs(_SENTENCE_END.split(block), " ")
        yield from _runs(_CLAUSE_END.split(block), " ")


def _blocks(lines: Iterable[str]) -> Iterator[str]:
    """Paragraphs and list items, each on one line, without their bullets; a table's cells are blocks, too."""
    block: list[str] = []
    for line in [*lines, ""]:
        starts = bool(_BULLET.match(line)) or line.lstrip().startswith(("|", "#", "<", "```"))
        if (not line.strip() or starts) and block:
            yield " ".join(block)
            block = []
        if line.lstrip().startswith("|"):
            yield from re.split(r"(?<!\\)\|", line)
        elif line.strip():
            block.append(_BULLET.sub("", line).strip().lstrip("/* "))


def _runs(parts: Sequence[str], joiner: str) -> Iterator[str]:
    for start in range(len(parts)):
        for length in range(1, RUN + 1):
            if start + length <= len(parts):
                yield joiner.join(parts[start : start + length])


def _json_units(text: str) -> Iterator[str]:
    try:
        values: list[Any] = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while values:
        value = values.pop()
        if isinstance(value, dict):
            values += value.values()
        elif isinstance(value, list):
            values += value
        elif isinstance(value, str):
            yield from _page_units(value)


# --- drift -----------------------------------------------------------------------------------------------------------

Change = Literal["page missing", "changed", "moved"]


@dataclass(frozen=True, slots=True)
class Drifted:
    """A clause (or one alternative of a conflict) whose sentence is not where it stood.

    ``where`` says what is left: that the heading is still there, or the page to which the sentence has moved.
    """

    contract: str
    id: str
    text: str
    change: Change
    citation: Citation
    where: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """What a copy of the documentation shows: how many sentences were looked for, what drifted, which documents aren't in it."""

    compared: int
    drifted: tuple[Drifted, ...]
    elsewhere: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Stand:
    """What a clause or an alternative stands on."""

    contract: Contract
    id: str
    text: str
    reference: str
    hash: str

    @property
    def source(self) -> Source | None:
        return self.contract.sources.get(self.reference.partition("#")[0])


def drift(contracts: Sequence[Contract], checkout: Path) -> Drift:
    """Compare every sentence on which ``contracts`` stand with the copy of the documentation in ``checkout``.

    Documents of another repository are told from those that vanished by their addresses: where no document of a place is in
    the copy, the place isn't what was copied.
    """
    if not checkout.is_dir():
        raise ContractError(f"{checkout} is no folder; name a copy of the documentation's repository")
    stands = [stand for contract in contracts for stand in _stands(contract)]
    paths = {stand.source.path: _place(stand.source) for stand in stands if stand.source and stand.source.path}
    here = {place for path, place in paths.items() if (checkout / path).is_file()}
    pages = {path: _read(checkout / path) for path, place in paths.items() if place in here}
    if not here:
        raise ContractError(
            f"{checkout} has none of the {len(paths)} documents that the contracts cite, such as {min(paths)}"
        )
    hashes = {
        path: page_hashes(text, is_json=path.endswith(".json")) for path, text in pages.items() if text is not None
    }
    compared = [s for s in stands if s.source and s.source.path in pages]
    found = [one for one in (_drifted(stand, pages, hashes) for stand in compared) if one]
    return Drift(len(compared), tuple(found), tuple(sorted({path for path in paths if path not in pages})))


def _stands(contract: Contract) -> Iterator[_Stand]:
    for promise in promises(contract):
        if promise.kind == "clause" and promise.source and promise.hash:
            yield _Stand(contract, promise.id, promise.text, promise.source, promise.hash)
        for one in promise.alternatives:
            if one.hash:
                yield _Stand(contract, f"{promise.id}, {one.id}", one.says, one.source, one.hash)


def _place(source: Source) -> str:
    """Where a document lives: the site, or the repository of an address."""
    parts = (source.url or "").split("/")
    return "/".join(parts[2:5]) if "github.com" in parts else "the documentation"


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes()[:MAX_PAGE].decode("utf-8", "replace")
    except OSError:
        return None


def _drifted(stand: _Stand, pages: dict[str, str | None], hashes: dict[str, frozenset[str]]) -> Drifted | None:
    source, citation = stand.source, cite(stand.contract, stand.reference)
    assert source is not None
    assert source.path is not None
    assert citation is not None
    page = pages[source.path]
    if page is not None and stand.hash in hashes[source.path]:
        return None
    moved = next((path for path, found in hashes.items() if stand.hash in found), None)
    if moved:
        return Drifted(stand.contract.contract, stand.id, stand.text, "moved", citation, f"now in {moved}")
    change: Change = "page missing" if page is None else "changed"
    where = "" if page is None else _heading_left(page, citation.heading)
    return Drifted(stand.contract.contract, stand.id, stand.text, change, citation, where)


def _heading_left(page: str, heading: str | None) -> str:
    if not heading or heading.startswith("("):
        return ""
    wanted = normalise(heading)
    there = any(normalise(line) == wanted for line in page.splitlines() if line.lstrip().startswith("#"))
    return "its heading is still there" if there else "its heading is gone, too"


def drift_document(found: Drift, checkout: str) -> Document:
    """What drifted, per contract and document."""
    sections = []
    for contract in dict.fromkeys(one.contract for one in found.drifted):
        members = [one for one in found.drifted if one.contract == contract]
        rows = tuple(_row(one) for one in sorted(members, key=lambda one: (one.citation.path or "", one.id)))
        table = Table(f"Drifted clauses of {contract}", ("Clause", "What it says", "Document", "Change"), rows)
        sections.append(Section(contract.replace("/", "-"), contract, f"{len(members)} sentences.", (table,)))
    if found.elsewhere:
        table = Table("Documents elsewhere", ("Document",), tuple(Row((code(path),)) for path in found.elsewhere))
        lead = "Documents of other repositories, which this copy doesn't hold."
        sections.append(Section("elsewhere", "Not in this copy", lead, (table,)))
    state = (
        f"{len(found.drifted)} of them have changed, moved or vanished" if found.drifted else "all of them are there"
    )
    return Document(
        "What has changed under the contracts",
        f"{found.compared} sentences on which clauses stand were looked for in {checkout}: {state}.",
        tuple(sections),
    )


def _row(one: Drifted) -> Row:
    change = f"{one.change}: {one.where}" if one.where else one.change
    place = (Span(str(one.citation.path), code=True), Span(f" {one.citation}"))
    return Row((code(one.id), plain(one.text), place, plain(change)))
