"""Ids that a release had, in ``spec/released.txt``: each is still there, or retired for good, and never means anything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from testcall_contract.loader import spec_root

RETIRED = "retired"


def released_file() -> Path:
    """Where the list is."""
    return spec_root() / "released.txt"


def read_released(text: str) -> dict[str, str]:
    """Id → the word behind it (empty, or ``retired``); lines that begin with # are remarks."""
    lines = (line.split() for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {words[0]: " ".join(words[1:]) for words in lines if words}


def release_problems(released: Mapping[str, str], there: Iterable[str]) -> Iterator[str]:
    """What is wrong with the list, where ``there`` are the ids of all contracts."""
    present = set(there)
    for one, word in released.items():
        if word not in ("", RETIRED):
            yield f"{one}: {word!r} is no word for an id; write {RETIRED}, or nothing"
        elif word == RETIRED and one in present:
            yield f"{one} is retired, and used again; take another id"
        elif not word and one not in present:
            yield f"{one} was released, and is gone; bring it back, or write {RETIRED} behind it"


def new_ids(released: Mapping[str, str], there: Iterable[str]) -> list[str]:
    """The ids that no release had yet, in the order in which they stand."""
    return [one for one in there if one not in released]
