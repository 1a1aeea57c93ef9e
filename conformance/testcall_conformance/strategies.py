"""Hypothesis strategies derived from a contract: legal settings, illegal values, and calls; no filters.

Settings are drawn sparsely, few keys by index (measured: four times as fast as a fixed dictionary of optional keys, and it
shrinks to the one key that matters).
"""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning

from testcall_conformance.bad_values import bad_setting
from testcall_contract.models import Contract, Setting

T = TypeVar("T")

MAX_KEYS = 6
"""So many settings are set together at most."""

_NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyzÄöß日本 -'", min_size=1, max_size=24)


def legal_value(setting: Setting) -> st.SearchStrategy[Any] | None:
    """A strategy for the legal values of a setting; None for those that are no plain data."""
    if setting.type == "boolean":
        return st.booleans()
    if setting.values:
        return st.sampled_from(setting.values)
    low, high = setting.minimum, setting.maximum
    if setting.type == "integer":
        floor = int(low) if low is not None else 1
        return st.integers(floor, int(high) if high is not None else floor + 3_600_000)
    if setting.type == "number":
        least = int(low) if low is not None else 1
        return st.integers(least, int(high) if high is not None else least + 3_600)
    if setting.type == "string" and (setting.effect is None or setting.effect.kind != "device_used"):
        return _NAMES
    return None


def settings_assignments(contract: Contract, object_key: str = "session_settings") -> st.SearchStrategy[dict[str, Any]]:
    """Legal combinations of settings by concept, up to six at a time."""
    members = contract.settings[object_key].members
    drawable = {key: legal_value(s) for key, s in members.items() if s.clauses or s.effect}
    table = [(key, strategy) for key, strategy in drawable.items() if strategy is not None]

    @st.composite
    def assignment(draw: st.DrawFn) -> dict[str, Any]:
        chosen = draw(st.lists(st.integers(0, len(table) - 1), max_size=MAX_KEYS, unique=True))
        return {table[index][0]: draw(table[index][1]) for index in chosen}

    return assignment()


def illegal_values(setting: Setting) -> st.SearchStrategy[Any]:
    """Values that are none of the setting's type or domain."""
    if setting.type == "boolean":
        return st.one_of(st.integers(2, 99), st.text(min_size=1, max_size=6), st.lists(st.integers(), max_size=2))
    if setting.type == "enum":
        illegal = [bad_setting("not_in_enum", setting), bad_setting("wrong_case", setting), 42, *setting.excludes]
        return st.sampled_from(illegal)
    if setting.type in ("integer", "number"):
        return st.one_of(st.text(alphabet="abc", max_size=4), st.integers(-99, -1))
    return st.one_of(st.integers(), st.booleans())


def sample(strategy: st.SearchStrategy[T], count: int, seed_value: int) -> list[T]:
    """``count`` values of ``strategy``, the same for the same seed; the strategy's simplest value is not among them."""
    found: list[T] = []

    @seed(seed_value)
    @settings(
        max_examples=count + 1, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def collect(value: T) -> None:
        found.append(value)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)
        collect()
    return found[1 : count + 1] if len(found) > 1 else found
