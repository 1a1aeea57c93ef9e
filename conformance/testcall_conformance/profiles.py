"""How much a profile tries: ``quick`` what every clause needs, ``full`` more values, ``nightly`` many. One table."""

from __future__ import annotations

from typing import Any

from testcall_contract.models import Setting

DRAWN_JOINS = {"quick": 3, "full": 12, "nightly": 40}
"""Profile → combinations of settings that Hypothesis draws beside the planned ones."""

DRAWN_ILLEGAL = {"quick": 0, "full": 2, "nightly": 8}
"""Profile → illegal values that it draws of each setting, beside the fixed one."""


def drawn_joins(profile: str) -> int:
    """How many joins are drawn."""
    return DRAWN_JOINS.get(profile, DRAWN_JOINS["quick"])


def drawn_illegal(profile: str, setting: Setting) -> list[Any]:
    """Illegal values of the setting, the same for the same profile; each once, and none that can't be told apart from a legal one."""
    count = DRAWN_ILLEGAL.get(profile, 0)
    if not count:
        return []
    from testcall_conformance.strategies import illegal_values, sample

    found = sample(illegal_values(setting), count * 3, seed_value=7)
    hashable = [value for value in found if isinstance(value, (str, int, float, bool))]
    return list(dict.fromkeys(hashable))[:count]
