"""What a record of the service holds, by the names of getters. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from testcall_conformance.reference.shaping import known


def read_record(record: Mapping[str, Any], name: str) -> Any:
    """A member of a record: users as they came with it, and the category, which the service calls mode."""
    entities = record.get("data", {}).get("entities", {}) if isinstance(record.get("data"), Mapping) else {}
    role = entities.get(name.lower())
    if isinstance(role, Mapping) and isinstance(role.get("entity"), Mapping):
        return role["entity"]
    found = known(record, name)
    return known(record, "mode") if found is None and name == "CallCategory" else found
