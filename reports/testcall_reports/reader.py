"""Reads a run record into one value, :class:`Record`.

A record that was cut off by a crash is still a record: all whole lines are read, one broken last line is forgiven, and
``interrupted`` says so. A broken line anywhere else means that the file was damaged, and is an error that names the line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from testcall_reports.errors import ReportError
from testcall_reports.record import (
    LINE,
    RECORD_SCHEMA,
    BuildLine,
    EventLine,
    FindingLine,
    FooterLine,
    InstrumentLine,
    RecordLine,
    RunLine,
    UnitLine,
    VerdictLine,
)


@dataclass(frozen=True)
class Record:
    """All lines of a run, in the order of the file. ``truncated``: the last line was cut off in the middle."""

    lines: tuple[RecordLine, ...]
    truncated: bool = False
    path: str = field(default="", compare=False)

    @cached_property
    def runs(self) -> tuple[RunLine, ...]:
        """The processes that wrote the record; one, unless it was merged from shards."""
        return tuple(line for line in self.lines if isinstance(line, RunLine))

    @cached_property
    def builds(self) -> tuple[BuildLine, ...]:
        """The builds under test, each once."""
        return tuple({line.id: line for line in self.lines if isinstance(line, BuildLine)}.values())

    @cached_property
    def units(self) -> tuple[UnitLine, ...]:
        """The work units that began."""
        return tuple(line for line in self.lines if isinstance(line, UnitLine))

    @cached_property
    def verdicts(self) -> tuple[VerdictLine, ...]:
        """One verdict per clause and build."""
        return tuple(line for line in self.lines if isinstance(line, VerdictLine))

    @cached_property
    def findings(self) -> tuple[FindingLine, ...]:
        """Silences, conflicts, observations."""
        return tuple(line for line in self.lines if isinstance(line, FindingLine))

    @cached_property
    def instruments(self) -> tuple[InstrumentLine, ...]:
        """What the instruments read about themselves."""
        return tuple(line for line in self.lines if isinstance(line, InstrumentLine))

    @cached_property
    def footer(self) -> FooterLine | None:
        """The last line of a run that ended by itself."""
        return next((line for line in reversed(self.lines) if isinstance(line, FooterLine)), None)

    @property
    def interrupted(self) -> bool:
        """Whether the run broke off before its end."""
        return self.truncated or self.footer is None

    @cached_property
    def missing_units(self) -> tuple[str, ...]:
        """Planned work units that never began, e.g. because a shard was not merged."""
        begun = {line.unit for line in self.units}
        planned = {unit: None for run in self.runs for unit in run.planned_units}
        return tuple(unit for unit in planned if unit not in begun)

    @cached_property
    def _events(self) -> dict[tuple[str, int], EventLine]:
        return {(line.unit, line.seq): line for line in self.lines if isinstance(line, EventLine)}

    def evidence(self, line: VerdictLine | FindingLine) -> tuple[EventLine, ...]:
        """The events that ``line`` stands on, oldest first; numbers that name no event are left out."""
        found = (self._events.get((line.unit, seq)) for seq in sorted(set(line.evidence)))
        return tuple(event for event in found if event is not None)

    def build(self, build_id: str) -> BuildLine:
        """The build called ``build_id``; one that no line describes is made up from its id."""
        for build in self.builds:
            if build.id == build_id:
                return build
        return BuildLine(id=build_id, sdk=build_id, contract="")

    @cached_property
    def build_ids(self) -> tuple[str, ...]:
        """Every build that is described or judged, in order of appearance."""
        described = [build.id for build in self.builds]
        return tuple(dict.fromkeys(described + [verdict.build for verdict in self.verdicts]))

    def verdicts_of(self, build_id: str) -> tuple[VerdictLine, ...]:
        """The verdicts about one build."""
        return self._by_build.get(build_id, ())

    @cached_property
    def _by_build(self) -> dict[str, tuple[VerdictLine, ...]]:
        grouped: dict[str, list[VerdictLine]] = {}
        for verdict in self.verdicts:
            grouped.setdefault(verdict.build, []).append(verdict)
        return {build: tuple(verdicts) for build, verdicts in grouped.items()}

    def with_verdicts(self, verdicts: Sequence[VerdictLine]) -> Record:
        """The same record with its verdict lines replaced one for one, in order."""
        fresh = iter(verdicts)
        lines = tuple(next(fresh) if isinstance(line, VerdictLine) else line for line in self.lines)
        return Record(lines, truncated=self.truncated, path=self.path)


def read_record(path: str | os.PathLike[str]) -> Record:
    """The record at ``path`` (a file, or a run's ``--out`` folder); :class:`ReportError` names the line that is wrong."""
    file = record_file(path)
    lines, truncated = read_lines(file)
    if not any(isinstance(line, RunLine) for line in lines):
        raise ReportError(f"{file}: no run line, so this is no whole run record; merge shards first (testcall merge)")
    return Record(tuple(lines), truncated=truncated, path=str(file))


def read_lines(path: str | os.PathLike[str]) -> tuple[list[RecordLine], bool]:
    """The lines of a record or shard, and whether the last one was cut off."""
    lines: list[RecordLine] = []
    for number, raw, is_last in _raw_lines(Path(path)):
        try:
            lines.append(LINE.validate_json(raw))
        except ValidationError as error:
            if is_last and not _is_json(raw):
                return lines, True
            raise ReportError(f"{path}:{number}: {_problem(raw, error)}") from None
    return lines, False


def record_file(path: str | os.PathLike[str]) -> Path:
    """The record file that ``path`` means: itself, or ``record.jsonl`` in it when it is a folder."""
    given = Path(path)
    file = given / "record.jsonl" if given.is_dir() else given
    if not file.is_file():
        raise ReportError(f"{file}: no such record; give the record.jsonl of a run, or its folder")
    return file


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes, bool]]:
    """Number (from 1), bytes and whether nothing follows, for each line that is not blank."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ReportError(f"{path}: can't be read ({error.strerror})") from None
    raw = [(number, line) for number, line in enumerate(content.split(b"\n"), start=1) if line.strip()]
    for index, (number, line) in enumerate(raw):
        yield number, line, index == len(raw) - 1 and not content.endswith(b"\n")


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except ValueError:
        return False
    return True


def _problem(raw: bytes, error: ValidationError) -> str:
    """Why a line can't be read, in one line."""
    try:
        value = json.loads(raw)
    except ValueError:
        return "not JSON; the file is damaged here"
    if (
        isinstance(value, dict)
        and isinstance(value.get("record_schema"), int)
        and value["record_schema"] > RECORD_SCHEMA
    ):
        return f"record schema {value['record_schema']} is newer than this testcall ({RECORD_SCHEMA}); update testcall"
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"not a line of a run record: {where or 'line'}: {first['msg']}"
