"""Pages of a list, as the service cuts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from testcall_simulator.http.messages import Response, data

MAX_PER_PAGE = 1000
"""The most that a page holds (documented for transcriptions, assumed for the rest)."""


def paged(items: Sequence[Any], query: Mapping[str, str], per_page: int) -> Response:
    """The page of ``items`` that ``page`` and ``perPage`` ask for.

    What is no number, or less than 1, counts as not given: a fresh ``fetchPrevious`` of SDK 4 asks for page -1. An empty list
    has one page.
    """
    per_page = min(positive(query.get("perPage"), per_page), MAX_PER_PAGE)
    page = positive(query.get("page"), 1)
    shown = list(items[(page - 1) * per_page : page * per_page])
    pagination = {
        "total": len(items),
        "count": len(shown),
        "per_page": per_page,
        "current_page": page,
        "total_pages": max(-(-len(items) // per_page), 1),
    }
    return data(shown, meta={"pagination": pagination})


def positive(text: str | None, otherwise: int) -> int:
    """``text`` as a number from 1 to 10^9, else ``otherwise``."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        return otherwise
    return int(text) or otherwise
