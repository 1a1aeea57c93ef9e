"""Citations: the place of the documentation on which something stands, as data and as one line."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from testcall_contract.models import Contract
from testcall_contract.promises import source_of


@dataclass(frozen=True, slots=True)
class Citation:
    """Title, heading and revision of a document; ``link`` leads to the heading where the document has an address."""

    title: str
    heading: str | None = None
    link: str | None = None
    path: str | None = None
    revision: str | None = None
    version: str | None = None
    retrieved: str | None = None
    kind: str = "page"
    authority: str = "primary"

    def __str__(self) -> str:
        parts = [f"{self.title}, {self.heading}" if self.heading else self.title]
        if self.revision:
            parts.append(f"revision {self.revision}")
        if self.version:
            parts.append(self.version)
        if self.authority == "secondary":
            parts.append("secondary")
        return " · ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """What is known of it, for JSON."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def cite(contract: Contract, reference: str | None) -> Citation | None:
    """The citation of ``key#Heading``; None where the contract lists no such source."""
    source, heading = source_of(contract, reference)
    if source is None:
        return None
    link = source.url
    if link and heading and source.kind in ("page", "rest"):
        link = f"{link}#{anchor(heading)}" if anchor(heading) else link
    return Citation(
        title=source.title,
        heading=heading,
        link=link,
        path=source.path,
        revision=source.revision,
        version=source.version,
        retrieved=source.retrieved,
        kind=source.kind,
        authority=source.authority,
    )


def anchor(heading: str) -> str:
    """The anchor that documentation sites make of a heading; empty for what stands in brackets, such as an introduction."""
    if heading.startswith("("):
        return ""
    kept = re.sub(r"[^\w\s-]", "", heading.lower()).strip()
    return re.sub(r"\s+", "-", kept)
