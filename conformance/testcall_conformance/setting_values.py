"""Which values of settings are tried, and which of them together. Pure.

A join costs a second with a real build, so values are tried together where they don't hide one another, and Hypothesis draws
further combinations from the contract.
"""

from __future__ import annotations

import random
from typing import Any

from testcall_contract.models import Contract, Setting

ALONE_KINDS = frozenset(
    {"no_video", "controls_shown", "layout_at_join", "recording_at_join", "control_hides_all", "headless", "joined_as_presenter",
     "ends_for_all_on_leave"}
)  # fmt: skip
"""Effects that hide or change the effects of other settings: their values are tried by themselves."""

Assignment = tuple[tuple[str, Any], ...]
"""Settings set together: (concept, value) pairs, sorted by concept."""


def legal_values(setting: Setting) -> list[Any]:
    """The legal values that are tried of a setting: all of a small domain, the edges of a large one."""
    if setting.type == "boolean":
        return [True, False]
    if setting.values:
        return [tuple(value) if isinstance(value, list) else value for value in setting.values]
    if setting.type in ("integer", "number"):
        edges = [setting.minimum, setting.default, setting.maximum]
        whole = [int(v) if setting.type == "integer" and v is not None else v for v in edges]
        return list(dict.fromkeys(v for v in whole if isinstance(v, (int, float))))
    if setting.type == "string" and not names_a_device(setting):
        return ["Some text"]
    return []


def names_a_device(setting: Setting) -> bool:
    """Whether the setting takes the id of a device: no text at will is a legal value of it."""
    return setting.effect is not None and setting.effect.kind == "device_used"


def assigned(**values: Any) -> Assignment:
    """An assignment of these values."""
    return tuple(sorted(values.items(), key=lambda pair: pair[0]))


def assignments(contract: Contract, object_key: str = "session_settings") -> list[Assignment]:
    """Joins that, together, try every legal value of every setting once, with few joins.

    First nothing (all defaults); then, under each condition that effects need (``under``), all values but the defaults of
    settings that don't disturb one another, as many joins as the largest domain needs; each disturbing value by itself; and all
    defaults said aloud.
    """
    found: list[Assignment] = [()]
    for under, members in _by_condition(contract, object_key).items():
        base = dict(under)
        found.append(under)
        together: dict[str, list[Any]] = {}
        for key, setting in members.items():
            others = [v for v in legal_values(setting) if not setting.has_default or v != setting.default]
            if setting.effect is not None and setting.effect.kind in ALONE_KINDS:
                found += [assigned(**{**base, key: value}) for value in others]
            elif others:
                together[key] = others
        for index in range(max((len(values) for values in together.values()), default=0)):
            chosen = {key: values[index] for key, values in together.items() if index < len(values)}
            found.append(assigned(**{**base, **chosen}))
    found.append(_explicit(contract, object_key))
    return list(dict.fromkeys(found))


def _by_condition(contract: Contract, object_key: str) -> dict[Assignment, dict[str, Setting]]:
    """The settings that are tried, by what has to be set so that their effects show."""
    groups: dict[Assignment, dict[str, Setting]] = {}
    for key, setting in contract.settings[object_key].members.items():
        if setting.effect is None and not setting.clauses:
            continue
        under = setting.effect.args.get("under", {}) if setting.effect else {}
        groups.setdefault(assigned(**under), {})[key] = setting
    return groups


def _explicit(contract: Contract, object_key: str) -> Assignment:
    """Every default, set."""
    return assigned(
        **{
            key: setting.default
            for key, setting in contract.settings[object_key].members.items()
            if setting.type in ("boolean", "enum")
            and setting.has_default
            and setting.default is not None
            and settable(setting)
        }
    )


def settable(setting: Setting) -> bool:
    """Whether the setting can be set at all: some members of a builder can only be read."""
    return setting.setter is not None or setting.getter is None


def drawn(contract: Contract, count: int, seed: int, object_key: str = "session_settings") -> list[Assignment]:
    """``count`` sparse combinations drawn from the contract by Hypothesis' strategy; the same seed draws the same."""
    from testcall_conformance.strategies import sample, settings_assignments

    strategy = settings_assignments(contract, object_key)
    return [assigned(**a) for a in sample(strategy, count, random.Random(seed).getrandbits(32))]
