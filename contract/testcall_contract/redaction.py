"""Removes secrets from whatever is traced, at the moment it is traced.

What counts as a secret: every value registered with :meth:`Secrets.add` (tokens and keys that the simulator issued), and
everything that has the form of a JSON Web Token (RFC 7519 §3: two base64url parts that begin with an encoded ``{"``, and a
signature). A secret is replaced by its label, so that a reader still sees *which* token travelled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


class Secrets:
    """The secrets known so far. Adding one redacts it in all that is traced afterwards."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: str, label: str) -> None:
        """Register ``value``; in a trace it reads ``<label>``. Values under 6 characters are refused: they would match by chance."""
        if len(value) < 6:
            raise ValueError(
                f"a secret of {len(value)} characters is too short to be redacted safely (label {label!r})"
            )
        if self._labels.get(value) != label:
            self._labels[value] = label
            self._pattern = None

    def redact_text(self, text: str) -> str:
        """``text`` without any known secret and without any JSON Web Token."""
        if self._labels:
            if self._pattern is None:
                longest_first = sorted(self._labels, key=len, reverse=True)
                self._pattern = re.compile("|".join(re.escape(value) for value in longest_first))
            text = self._pattern.sub(lambda match: f"<{self._labels[match.group()]}>", text)
        return _JWT.sub("<jwt>", text) if "eyJ" in text else text

    def redact(self, value: Any) -> Any:
        """A copy of ``value`` (JSON-like) with every string in it redacted, keys of mappings included."""
        if isinstance(value, str):
            return self.redact_text(value)
        if isinstance(value, Mapping):
            return {self.redact(key): self.redact(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.redact(item) for item in value]
        return value
