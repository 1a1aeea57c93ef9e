"""Removes secrets from whatever is traced, at the moment it is traced.

What counts as a secret: every value registered with :meth:`Secrets.add` (tokens and keys that the simulator issued), and
everything that has the form of a JSON Web Token (RFC 7519 §3: two base64url parts that begin with an encoded ``{"``, and a
signature). A secret is replaced by its label, so that a reader still sees *which* token travelled.

A service issues tokens by the thousand, so that looking for each of them in each text won't do. JSON Web Tokens are found by
their form and looked up; the first :data:`SOUGHT_ANYWHERE` other secrets are found wherever they stand; those after them are
found by their longest word, unless letters or digits touch it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SOUGHT_ANYWHERE = 64
"""So many secrets (the keys and users that a world begins with) are found even in the middle of other text."""

MAX_TOKENS = 10_000
"""So many JSON Web Tokens are known by their labels; the oldest beyond them read ``<jwt>``."""

_SHORTEST = 6
_CACHED_LENGTH = 128
_CACHED_TEXTS = 4096
_PLAIN = frozenset({int, bool, float, type(None)})
"""Types of JSON values without text."""
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_WORD = re.compile(r"[A-Za-z0-9]{6,}")


class Secrets:
    """The secrets known so far. Adding one redacts it in all that is traced afterwards."""

    def __init__(self) -> None:
        self.max_tokens = MAX_TOKENS
        self._labels: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self._sought: list[str] = []
        self._pattern: re.Pattern[str] | None = None
        self._by_word: dict[str, list[str]] = {}
        self._clean: set[str] = set()
        """Short texts without secrets, seen before: header names, keys. No JSON Web Token is among them, known or not."""

    def add(self, value: str, label: str) -> None:
        """Register ``value``; in a trace it reads ``<label>``. Values under 6 characters are refused: they would match by chance."""
        if len(value) < _SHORTEST:
            raise ValueError(
                f"a secret of {len(value)} characters is too short to be redacted safely (label {label!r})"
            )
        if _JWT.fullmatch(value):
            self._tokens[value] = label
            while len(self._tokens) > self.max_tokens:
                del self._tokens[next(iter(self._tokens))]
            return
        known = value in self._labels
        self._labels[value] = label
        if known:
            return
        self._clean.clear()
        words = _WORD.findall(value)
        if words and len(self._sought) >= SOUGHT_ANYWHERE:
            self._by_word.setdefault(max(words, key=len), []).append(value)
        else:
            self._sought.append(value)
            self._pattern = None

    def redact_text(self, text: str) -> str:
        """``text`` without any known secret and without any JSON Web Token."""
        if len(text) < _SHORTEST or text in self._clean:
            return text
        if text in self._labels:  # a header or a field that is the secret and nothing else: the usual place of one
            return f"<{self._labels[text]}>"
        if text in self._tokens:
            return f"<{self._tokens[text]}>"
        redacted = self._redacted(text)
        if redacted != text:
            return redacted
        if len(text) <= _CACHED_LENGTH and len(self._clean) < _CACHED_TEXTS:
            self._clean.add(text)
        return text

    def _redacted(self, text: str) -> str:
        if self._sought:
            if self._pattern is None:
                longest_first = sorted(self._sought, key=len, reverse=True)
                self._pattern = re.compile("|".join(re.escape(value) for value in longest_first))
            text = self._pattern.sub(lambda match: f"<{self._labels[match.group()]}>", text)
        if self._by_word:
            for word in set(_WORD.findall(text)) & self._by_word.keys():
                for value in sorted(self._by_word[word], key=len, reverse=True):
                    text = text.replace(value, f"<{self._labels[value]}>")
        return _JWT.sub(self._jwt_label, text) if "eyJ" in text else text

    def _jwt_label(self, found: re.Match[str]) -> str:
        return f"<{self._tokens.get(found.group(), 'jwt')}>"

    def redact(self, value: Any) -> Any:
        """A copy of ``value`` (JSON-like) with every string in it redacted, keys of mappings included."""
        kind = type(value)  # asking for a Mapping takes ten times as long, and this runs for every value of every event
        if kind is str:
            return value if value in self._clean else self.redact_text(value)
        if kind is dict:
            clean, redact = self._clean, self.redact
            return {
                self.redact_text(key) if type(key) is str and key not in clean else key: redact(item)
                for key, item in value.items()
            }
        if kind in _PLAIN:
            return value
        if isinstance(value, str):
            return self.redact_text(value)
        if isinstance(value, (list, tuple)):
            return [self.redact(item) for item in value]
        if isinstance(value, Mapping):
            return {self.redact(key): self.redact(item) for key, item in value.items()}
        return value
