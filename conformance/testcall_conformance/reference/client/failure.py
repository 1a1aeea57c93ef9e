"""The one error of the calling client: a condition in platform-neutral words, which a dialect spells with its own code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CallFailure(Exception):  # noqa: N818  (a failure that the dialect spells, not an error of ours)
    """Something that was asked of the client did not happen.

    ``condition`` is the concept (``sdk_not_initialized``, ``network_failure``, ``server_error``, ``bad_response`` …), ``message``
    one sentence for a reader, ``server`` the error object of the service's answer (code, message, devMessage, source) when
    there was one.
    """

    def __init__(self, condition: str, message: str, server: Mapping[str, Any] | None = None) -> None:
        self.condition = condition
        self.message = message
        self.server = dict(server) if server is not None else None
        super().__init__(f"{condition}: {message}")
