"""Presence of a conference room (XEP-0045), read into values. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from lxml import etree

from testcall_conformance.reference.client import xml
from testcall_conformance.reference.client.xml import attribute, child, children, local

SELF = 110
KICKED = 307


@dataclass(frozen=True, slots=True)
class Presence:
    """One presence of one occupant. ``kind`` is ``available``, ``unavailable`` or ``error``."""

    nick: str
    kind: str
    jid: str
    affiliation: str
    role: str
    statuses: frozenset[int]
    destroyed: bool
    error: str
    stanza: etree._Element

    @property
    def is_self(self) -> bool:
        """Whether the room says that this presence is our own."""
        return SELF in self.statuses


def read_presence(stanza: etree._Element) -> Presence:
    """The presence in ``stanza``; missing parts are empty."""
    kind = attribute(stanza, "type", "available")
    muc = child(stanza, "x", xml.MUC_USER)
    item = child(muc, "item") if muc is not None else None
    codes = [attribute(status, "code") for status in children(muc, "status")] if muc is not None else []
    return Presence(
        nick=attribute(stanza, "from").partition("/")[2],
        kind=kind,
        jid=attribute(item, "jid") if item is not None else "",
        affiliation=attribute(item, "affiliation") if item is not None else "",
        role=attribute(item, "role") if item is not None else "",
        statuses=frozenset(int(code) for code in codes if code.isdigit()),
        destroyed=muc is not None and child(muc, "destroy") is not None,
        error=xml.error_condition(stanza) if kind == "error" else "",
        stanza=stanza,
    )


def read_json(presence: Presence, name: str) -> dict[str, Any]:
    """The JSON object in the text of a child element; empty when it is absent or no object."""
    text = xml.text_of(presence.stanza, name)
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def sources(presence: Presence) -> dict[str, dict[str, Any]]:
    """``SourceInfo``: what each source of the occupant is, by source name (``<nick>-a0``, ``-v0`` …)."""
    return {name: value for name, value in read_json(presence, "SourceInfo").items() if isinstance(value, dict)}


def muted(presence: Presence, suffix: str, legacy: str) -> bool:
    """Whether the occupant's source is muted. Whoever says nothing about it counts as muted."""
    known = [value for name, value in sources(presence).items() if name.endswith(suffix)]
    if known:
        return bool(known[0].get("muted", False))
    return xml.text_of(presence.stanza, legacy) != "false"


def commands(presence: Presence, known: frozenset[str]) -> list[tuple[str, dict[str, str], str]]:
    """The commands among the children: name, attributes, text; only names in ``known``."""
    return [
        (local(item), {str(key): str(value) for key, value in item.attrib.items()}, item.text or "")
        for item in presence.stanza
        if local(item) in known
    ]
