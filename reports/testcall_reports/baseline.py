"""The file of known failures: what a team has decided to live with, and why.

An entry excuses one clause of one contract (on builds that a glob names); it turns ``fail`` into ``known_fail``, and ``pass``
into ``unexpected_pass``, so that an entry which is no longer needed is noticed. It excuses nothing else: what is inconclusive
stays so. The file is YAML (a list), JSON Lines, or a run record, whose failures are then the known ones.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from testcall_reports.errors import ReportError
from testcall_reports.reader import Record, read_record
from testcall_reports.record import BuildLine, Model, VerdictLine

_HEADER = """\
# Known failures. Each entry excuses one clause; give the reason in words that a stranger understands.
# contract, clause, reason are needed; sdk is a glob over the --sdk string or "name version"; owner and expires are optional.
"""


class KnownFailure(Model):
    """One entry. ``sdk``: glob over the build's ``--sdk`` string, its id or ``name version``. After ``expires`` it excuses nothing."""

    contract: str = Field(min_length=1)
    clause: str = Field(min_length=1)
    sdk: str = "*"
    reason: str = Field(min_length=1)
    owner: str = ""
    expires: date | None = None

    def covers(self, verdict: VerdictLine, build: BuildLine) -> bool:
        """Whether this entry is about ``verdict`` of ``build``."""
        if (self.contract, self.clause) != (verdict.contract, verdict.clause):
            return False
        names = (build.sdk, build.id, f"{build.name} {build.version}")
        return any(fnmatchcase(name, self.sdk) for name in names)


@dataclass(frozen=True)
class Applied:
    """A record with a baseline applied. ``idle``: entries about clauses that this run did not judge; ``expired``: too old."""

    record: Record
    idle: tuple[KnownFailure, ...] = ()
    expired: tuple[KnownFailure, ...] = ()


def load_baseline(path: str | os.PathLike[str]) -> tuple[KnownFailure, ...]:
    """The entries at ``path``; :class:`ReportError` names file and line of a wrong one."""
    file = Path(path)
    if file.is_dir():
        return _from_record(read_record(file))
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(
            f"{file}: can't be read as a baseline ({getattr(error, 'strerror', None) or 'not UTF-8'})"
        ) from None
    first = text.lstrip()[:2000]
    if first.startswith("{") and '"kind"' in first.split("\n")[0]:
        return _from_record(read_record(file))
    entries = _json_lines(file, text) if first.startswith("{") else _yaml_items(file, text)
    known = tuple(_entry(file, line, value) for line, value in entries)
    _no_twins(file, known)
    return known


def apply_baseline(record: Record, known: Sequence[KnownFailure], *, today: date | None = None) -> Applied:
    """``record`` with the verdicts that ``known`` excuses renamed. ``today`` decides which entries have expired; None: none."""
    expired = tuple(entry for entry in known if entry.expires and today and entry.expires < today)
    valid = [entry for entry in known if entry not in expired]
    used: set[int] = set()
    verdicts = []
    for verdict in record.verdicts:
        build = record.build(verdict.build)
        entry = next((item for item in valid if item.covers(verdict, build)), None)
        if entry is not None and verdict.verdict in ("pass", "fail", "known_fail", "unexpected_pass"):
            used.add(id(entry))
        verdicts.append(_excuse(verdict, entry))
    idle = tuple(entry for entry in valid if id(entry) not in used)
    return Applied(record.with_verdicts(verdicts), idle, expired)


def baseline_of(record: Record, *, reason: str = "", previous: Sequence[KnownFailure] = ()) -> tuple[KnownFailure, ...]:
    """Entries for all that fails in ``record``; an entry of ``previous`` that covers it keeps its reason, owner and date."""
    reason = reason or "failed when this baseline was written; say why it is accepted"
    entries: dict[KnownFailure, None] = {}
    for verdict in record.verdicts:
        if verdict.verdict not in ("fail", "known_fail"):
            continue
        build = record.build(verdict.build)
        kept = next((entry for entry in previous if entry.covers(verdict, build)), None)
        fresh = KnownFailure(
            contract=verdict.contract, clause=verdict.clause, sdk=_sdk_glob(record, build), reason=reason
        )
        entries[kept or fresh] = None
    return tuple(entries)


def baseline_yaml(known: Sequence[KnownFailure]) -> str:
    """The entries as the YAML file that people edit."""
    items = [entry.model_dump(exclude_defaults=True) for entry in known]
    body = yaml.safe_dump(items, sort_keys=False, allow_unicode=True, width=120) if items else "[]\n"
    return _HEADER + body


def _excuse(verdict: VerdictLine, entry: KnownFailure | None) -> VerdictLine:
    if entry is None:
        return verdict
    if verdict.verdict == "fail":
        said = f" What was seen: {verdict.reason}" if verdict.reason else ""
        return verdict.model_copy(update={"verdict": "known_fail", "reason": f"Known failure: {entry.reason}{said}"})
    if verdict.verdict == "pass":
        reason = f"Passes, but is listed as a known failure ({entry.reason}); remove the entry."
        return verdict.model_copy(update={"verdict": "unexpected_pass", "reason": reason, "attribution": "sdk"})
    return verdict


def _from_record(record: Record) -> tuple[KnownFailure, ...]:
    return baseline_of(record, reason=f"failed in {Path(record.path).name}")


def _sdk_glob(record: Record, build: BuildLine) -> str:
    """Any version of a published package, so that the baseline serves the next one; of several builds, this one."""
    if sum(1 for other in record.builds if other.contract == build.contract) > 1:
        return re.sub(r"([\[*?])", r"[\1]", build.sdk)
    if build.sdk.startswith("npm:") and "@" in build.sdk[5:]:
        return build.sdk[: build.sdk.rindex("@")] + "@*"
    return "*"


def _json_lines(file: Path, text: str) -> list[tuple[int, Any]]:
    items = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                items.append((number, json.loads(line)))
            except ValueError:
                raise ReportError(f"{file}:{number}: not JSON; one entry a line") from None
    return items


def _yaml_items(file: Path, text: str) -> list[tuple[int, Any]]:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ReportError(f"{file}{where}: not YAML ({getattr(error, 'problem', None) or 'unreadable'})") from None
    if values is None:
        return []
    if not isinstance(values, list) or not isinstance(node, yaml.SequenceNode):
        raise ReportError(f"{file}:1: a baseline is a list of entries, each with contract, clause and reason")
    return [(item.start_mark.line + 1, value) for item, value in zip(node.value, values, strict=True)]


def _entry(file: Path, line: int, value: Any) -> KnownFailure:
    try:
        return KnownFailure.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "entry"
        raise ReportError(f"{file}:{line}: {where}: {first['msg']} (needed: contract, clause, reason)") from None


def _no_twins(file: Path, known: Sequence[KnownFailure]) -> None:
    seen: set[tuple[str, str, str]] = set()
    for entry in known:
        key = (entry.contract, entry.clause, entry.sdk)
        if key in seen:
            raise ReportError(
                f"{file}: {entry.clause} of {entry.contract} (sdk {entry.sdk}) is listed twice; remove one"
            )
        seen.add(key)
