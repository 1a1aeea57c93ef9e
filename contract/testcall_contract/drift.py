"""Sentences of the documentation as hashes, and whether a copy of the documentation still has them.

A contract keeps no sentence of the vendor's pages, only where it stands and the hash of its normalised form.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

_MARKUP = re.compile(r"[`*_~#>|]|<[^>]*>|!?\[([^\]]*)\]\([^)]*\)")


def normalise(sentence: str) -> str:
    """``sentence`` without Markdown, in NFKC and lower case, white space folded, no full stop at the end."""
    plain = _MARKUP.sub(lambda match: match.group(1) or " ", sentence)
    plain = unicodedata.normalize("NFKC", plain).lower()
    return re.sub(r"\s+", " ", plain).strip(" .:;,")


def sentence_hash(sentence: str) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of the normalised sentence."""
    return hashlib.sha256(normalise(sentence).encode()).hexdigest()[:12]
