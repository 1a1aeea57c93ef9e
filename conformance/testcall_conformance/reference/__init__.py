"""The reference SDK: a headless client that is a model of the *documentation*, in process, behind the adapter messages.

Two layers. ``client/`` is a calling client in the words of the concepts (join, mute, participant joined): no dialect, no
adapter. ``dialect.py`` gives it the surface of one platform, read from the contract alone, so that a new dialect is a new
YAML file. ``adapter.py`` is the door: :class:`~testcall_conformance.reference.adapter.ReferenceAdapter`.

What makes it worth having is its independence: it imports neither the session machine nor the judge, the strategies or the
simulator, and writes and reads its own stanzas. Two readings of one documentation that disagree show a mistake in one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from testcall_conformance.reference.adapter import ReferenceAdapter

__all__ = ["ReferenceAdapter"]


def __getattr__(name: str) -> Any:
    if name == "ReferenceAdapter":
        from testcall_conformance.reference.adapter import ReferenceAdapter

        return ReferenceAdapter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
