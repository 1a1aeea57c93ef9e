"""The tables in which each disagreement is sorted by hand: every conflict stands in one, and every id that they name is there."""

import re
from pathlib import Path

import pytest

from testcall_contract.loader import contract_names, load
from testcall_contract.promises import promises

DOCS = Path(__file__).parents[2] / "docs"
TABLES = sorted(DOCS.glob("conflicts-*.md"))
ID = r"[A-Z]+\d-[A-Z0-9-]*[A-Z0-9]"
IDS = {promise.id: promise for name in contract_names() for promise in promises(load(name))}
PREFIX = re.compile(r"(?:JS5-SET)-…")
"""Ways to name all ids that begin alike."""


def named(text):
    """The ids that a table names; those that ``A to B`` stands for, too, where both are of one thing."""
    found = set(re.findall(rf"\b({ID})\b", PREFIX.sub("", text)))
    order = list(IDS)
    for first, last in re.findall(rf"\b({ID}) to (-?(?:[A-Z]+\d-)?[A-Z0-9-]*[A-Z0-9])\b", text):
        full = last if last in IDS else f"{first.rpartition('-')[0]}-{last.lstrip('-')}"
        if first in IDS and full in IDS:
            found |= set(order[order.index(first) : order.index(full) + 1])
    return found


def test_every_conflict_is_in_a_table():
    sorted_ = set().union(*(named(path.read_text()) for path in TABLES))
    conflicts = {name for name, promise in IDS.items() if promise.kind == "conflict"}
    assert conflicts - sorted_ == set()
    assert len(conflicts) > 200


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_id_of_a_table_is_there(path):
    assert named(path.read_text()) - set(IDS) == set()


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_what_is_called_a_conflict_is_one(path):
    """A row whose only sort is *conflict* names conflicts and nothing that counts otherwise."""
    for line in path.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and cells[2] == "conflict":
            kinds = {IDS[one].kind for one in named(cells[3])}
            assert "conflict" in kinds, line
