"""Writes run records, so that whatever kills the run leaves a readable record behind.

Two shapes of the same file: :class:`RecordWriter` grows one file line by line, each line handed to the operating system
before :meth:`~RecordWriter.write` returns (a killed process loses nothing; only a lost machine can lose the last lines), and
:func:`shard` writes the lines of one work unit beside the final name and moves the file there when the unit is whole, so that
a shard under its final name is always complete. :mod:`testcall_reports.merge` makes a record out of shards.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, TypeVar

from testcall_contract.redaction import Secrets
from testcall_contract.trace import TraceEvent
from testcall_reports.errors import ReportError
from testcall_reports.record import EVENT_MODELS, BuildLine, FooterLine, Line, RecordLine
from testcall_reports.scrub import scrub_sdk, scrub_value

_SCRUBBED = {
    "run": {"command"},
    "verdict": {"reason", "expected", "seen", "first_divergence"},
    "finding": {"does"},
    **{kind: {"data"} for kind in EVENT_MODELS},
}
"""Fields of each kind that can quote a build, a wire or the command line. Texts of the contract stay as they are."""

_WIRES = frozenset({"wire", "media", "instrument"})
"""Kinds that are redacted but not scrubbed: what travelled on a wire is no source of the vendor's, however dense it looks."""

AnyLine = TypeVar("AnyLine", bound=Line)


class RecordWriter:
    """Appends lines to one record file. Not for use by several threads at once; each worker writes its own shard."""

    def __init__(self, path: str | os.PathLike[str], *, secrets: Secrets | None = None) -> None:
        """Create ``path`` (its folder too). An existing file is refused: a record is evidence and is never overwritten."""
        self.path = Path(path)
        self.secrets = secrets if secrets is not None else Secrets()
        self._next_seq: Counter[str] = Counter()
        self._lines: Counter[str] = Counter()
        self._started = time.monotonic()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = self.path.open("xb", buffering=0)
        except FileExistsError:
            raise ReportError(f"{self.path}: there is a record already; choose another --out folder") from None
        except OSError as error:
            raise ReportError(f"{self.path}: can't write the record ({error.strerror})") from None

    def write(self, line: AnyLine) -> AnyLine:
        """Append ``line`` and return it as written: numbered, if ``seq`` was 0, and without secrets or vendor source."""
        seq = line.seq or self._next_seq[line.unit] + 1
        at_ns = line.at_ns or time.monotonic_ns()
        written = self._scrubbed(line).model_copy(update={"seq": seq, "at_ns": at_ns})
        self._append(written.model_dump_json(exclude_defaults=False).encode() + b"\n")
        self._next_seq[line.unit] = max(self._next_seq[line.unit], seq)
        self._lines[_kind(written)] += 1
        return written

    def events(self, events: Iterable[TraceEvent], *, unit: str = "") -> dict[int, int]:
        """Append the events of a trace; returns trace ``seq`` → record ``seq``, in which ``evidence`` is to be given.

        A unit may hold several traces, one after the other, so the two numbers differ in general.
        """
        numbers: dict[int, int] = {}
        for event in events:
            model = EVENT_MODELS[event.kind]
            line = model(unit=unit, at_ns=event.at_ns, actor=event.actor, name=event.name, data=event.data)
            numbers[event.seq] = self.write(line).seq
        return numbers

    def finish(self) -> None:
        """Write the footer and close. Without it a reader calls the record interrupted."""
        if not self._file.closed:
            lines = dict(sorted(self._lines.items()))
            duration = round(time.monotonic() - self._started, 3)
            self.write(FooterLine(finished_at=datetime.now(UTC), duration_s=duration, lines=lines))
            os.fsync(self._file.fileno())
            self.close()

    def close(self) -> None:
        """Close the file as it is."""
        self._file.close()

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish a run that ended by itself; leave the record of one that broke off without footer."""
        if kind is None:
            self.finish()
        else:
            self.close()

    def _scrubbed(self, line: AnyLine) -> AnyLine:
        """``line`` without secrets, and, where it can quote the build or the command line, without vendor source and paths."""
        if isinstance(line, BuildLine):
            return line.model_copy(update={"sdk": self.secrets.redact_text(scrub_sdk(line.sdk))})
        fields = _SCRUBBED.get(_kind(line))
        if fields is None:
            return line
        values = line.model_dump(include=fields)
        if _kind(line) in _WIRES:
            return line.model_copy(update=self.secrets.redact(values))
        return type(line).model_validate({**line.model_dump(exclude=fields), **scrub_value(values, self.secrets)})

    def _append(self, line: bytes) -> None:
        try:
            while line:  # an unbuffered write may be short when the disk is nearly full
                line = line[self._file.write(line) :]
        except OSError as error:
            raise ReportError(f"{self.path}: can't write the record ({error.strerror})") from None


@contextmanager
def shard(folder: str | os.PathLike[str], unit: str, *, secrets: Secrets | None = None) -> Iterator[RecordWriter]:
    """A writer for the lines of one work unit: ``<unit>.part.jsonl`` while it grows, ``<unit>.jsonl`` when it is whole.

    A second attempt replaces the leftover of the first; a unit that broke off leaves its ``.part.jsonl`` to be looked at.
    """
    final = Path(folder) / f"{file_name(unit)}.jsonl"
    part = final.with_suffix(".part.jsonl")
    part.unlink(missing_ok=True)
    writer = RecordWriter(part, secrets=secrets)
    try:
        yield writer
        writer.finish()
        part.replace(final)
    finally:
        writer.close()


def file_name(unit: str) -> str:
    """A file name for a unit id: what file systems dislike becomes ``_``."""
    return re.sub(r"[^\w.@+=-]", "_", unit)[:180] or "_"


def write_lines(path: str | os.PathLike[str], lines: Iterable[RecordLine]) -> None:
    """Write ``lines`` as they are, atomically: a reader sees the whole file or none."""
    target = Path(path)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            for line in lines:
                file.write(line.model_dump_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ReportError(f"{target}: can't write ({error.strerror})") from None


def _kind(line: Line) -> str:
    return str(getattr(line, "kind", ""))
