"""The base error of the reports package."""

from __future__ import annotations


class ReportError(Exception):
    """A record, baseline or report can't be read, merged or written: one line that says what, where and what to do."""

    def __init__(self, message: str) -> None:
        self.message = " ".join(message.split())
        super().__init__(self.message)
