"""Makes any value fit for a JSON line that every reader can read back.

A build under test may hand us anything: lone surrogates, NaN, objects that contain themselves, a megabyte of text. What is
changed here is changed visibly, so that nobody takes it for what the build said. Nothing is removed for secrecy here; see
:mod:`testcall_reports.scrub`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

TEXT_LIMIT = 200_000
"""Characters of one text that the record keeps; SDP and stanzas of large rooms stay well below."""

DEPTH_LIMIT = 40
"""Levels of nesting that the record keeps: values that contain themselves end here."""

ITEM_LIMIT = 20_000
"""Members of one list or mapping that the record keeps."""


def clean_text(text: str) -> str:
    r"""``text`` that UTF-8 can carry: a lone surrogate reads ``\ud800``; what is beyond :data:`TEXT_LIMIT` is counted."""
    if len(text) > TEXT_LIMIT:
        text = f"{text[:TEXT_LIMIT]}… ({len(text) - TEXT_LIMIT} more characters)"
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def clean_value(value: Any, depth: int = 0) -> Any:
    """A copy of ``value`` made of null, booleans, numbers, texts, lists and mappings with text keys only."""
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth >= DEPTH_LIMIT:
        return "… (nested too deeply)"
    if isinstance(value, Mapping):
        return {clean_text(str(key)): clean_value(item, depth + 1) for key, item in list(value.items())[:ITEM_LIMIT]}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean_value(item, depth + 1) for item in list(value)[:ITEM_LIMIT]]
    if isinstance(value, (bytes, bytearray)):
        return clean_text(value.hex())
    return clean_text(str(value))
