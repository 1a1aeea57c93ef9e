"""Requests and responses as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from testcall_simulator.http.addressing import Links, Place
from testcall_simulator.ringing import Notice


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request as it came. Header names are lower case; ``authority`` is what the Host header says; ``path`` is decoded."""

    method: str
    scheme: str
    authority: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def url(self) -> str:
        """The whole address that was asked for."""
        return f"{self.scheme}://{self.authority}{self.path}{'?' + self.query if self.query else ''}"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that found its route: where it arrived, what the path says, and the addresses that lead back to the service."""

    wire: WireRequest
    place: Place
    find_links: Callable[[], Links]
    path: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        """The header of that (lower-case) name, empty if absent."""
        return self.wire.headers.get(name, "").strip()

    @property
    def links(self) -> Links:
        """The addresses that lead back here; worked out when asked for, which few handlers do."""
        return self.find_links()

    @property
    def query(self) -> dict[str, str]:
        """The query; of a name that comes twice the last counts."""
        return dict(parse_qsl(self.wire.query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. ``body`` is JSON-like, or the bytes to send as they are; ``about`` (uid, session) is for the trace alone.

    ``notice`` is what others' devices are to be told once the answer is on its way.
    """

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    notice: Notice | None = None

    def encoded(self) -> bytes:
        """The body as it goes over the wire."""
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


def data(value: Any, *, meta: Any = None, about: Mapping[str, str] | None = None) -> Response:
    """200 with the service's envelope for what went well."""
    return Response(200, {"data": value} if meta is None else {"data": value, "meta": meta}, about=about or {})
