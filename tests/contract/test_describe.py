"""How values are told in sentences."""

from __future__ import annotations

from typing import Any

import pytest

from testcall_contract.shapes import describe


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (1, "1"),
        (False, "false"),
        (True, "true"),
        (None, "null"),
        (0.0, "0.0"),
        ({"at": 0}, "{at: 0}"),
        ([1], "[1]"),
    ],
)
def test_numbers_are_not_told_as_truth_values(value: Any, words: str) -> None:
    assert describe(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"$": "ref", "id": "@1", "class": "CallLog", "own": {"id": "1"}}, "a CallLog"),
        ({"$": "ref", "id": "@1", "class": "Error"}, "an Error"),
        ({"$": "ref", "id": "@1", "class": "e", "own": {"code": "X"}}, "{code: 'X'}"),
        ({"$": "ref", "id": "@1", "class": "", "own": {"code": "X"}}, "{code: 'X'}"),
        ({"$": "ref", "id": "@1"}, "an object"),
        ({"$": "undefined"}, "undefined"),
    ],
)
def test_objects_are_told_by_their_class_or_their_members(value: Any, words: str) -> None:
    assert describe(value) == words
