"""Whether contracts are sound: everything that is wrong in them beyond their form, with file, line and column.

The form (types, unknown keys, words of closed lists) is pydantic's; what needs a look at several places at once is here and in
:mod:`testcall_contract.speccheck_items` and :mod:`testcall_contract.speccheck_promises`. The rules that have a check are given
as a value, so that this package needs no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from testcall_contract.errors import ContractError, Place
from testcall_contract.loader import attempt, contract_files, spec_root
from testcall_contract.models import Contract, Core
from testcall_contract.plain import Places, read_text
from testcall_contract.promises import promises
from testcall_contract.released import read_released, release_problems, released_file
from testcall_contract.rules import RULES
from testcall_contract.speccheck_base import Case, Finding, location_of
from testcall_contract.speccheck_items import ITEM_CHECKS
from testcall_contract.speccheck_promises import PROMISE_CHECKS

Problem = str
"""``file:line:column: sentence``."""

MOST = 200
"""So many problems of one file are told; one slip can be the cause of hundreds."""


def check_contracts(files: Sequence[Path] | None, bound_rules: frozenset[str]) -> list[Problem]:
    """All problems of the contracts in ``files`` (folders are searched; None: all that there are), in the order of the files.

    ``bound_rules`` are the rules to which a check is bound. Without ``files``, the core and the rules are looked at as well.
    """
    core, errors = attempt(spec_root() / "core.yaml", Core)
    if core is None:
        return [_line(error) for error in errors]
    problems = [] if files else list(_rule_problems(bound_rules))
    ids: dict[str, str] = {}
    names: dict[str, str] = {}
    for path in _expanded(files):
        problems += _check_file(path, core, bound_rules, ids, names)
    return problems if files else [*problems, *_release_problems(ids)]


def _expanded(files: Sequence[Path] | None) -> list[Path]:
    if not files:
        return [_shortened(path) for path in contract_files()]
    return [one for path in files for one in (sorted(path.rglob("*.yaml")) if path.is_dir() else [path])]


def _shortened(path: Path) -> Path:
    """``path`` as seen from the working folder, where it lies under it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _rule_problems(bound_rules: frozenset[str]) -> Iterator[Problem]:
    for name in sorted(bound_rules - set(RULES)):
        yield f"rules.py: a check is bound to {name!r}, which is no rule"
    for name in sorted(bound_rules):
        if name in RULES and RULES[name].needs_test:
            yield f"rules.py: rule {name} has a check now; take its needs_test away"


def _release_problems(ids: dict[str, str]) -> Iterator[Problem]:
    """What a release had and is not there, or is there again."""
    path = released_file()
    if path.is_file():
        problems = release_problems(read_released(path.read_text("utf-8")), ids)
        yield from (f"{_shortened(path)}: {problem}" for problem in problems)


def _check_file(
    path: Path, core: Core, bound_rules: frozenset[str], ids: dict[str, str], names: dict[str, str]
) -> list[Problem]:
    contract, errors = attempt(path, Contract)
    if contract is None:
        return _most([_line(error) for error in errors], path)
    case = Case(contract, core, bound_rules)
    findings = [*_name_findings(contract, path, names), *_id_findings(contract, path, ids)]
    findings += [found for check in (*ITEM_CHECKS, *PROMISE_CHECKS) for found in check(case)]
    if not findings:
        return []
    places = Places(read_text(path), str(path))
    placed = sorted(((places.of(found.location), found.sentence) for found in findings), key=lambda p: _order(p[0]))
    return _most([f"{place}: {sentence}" for place, sentence in placed], path)


def _order(place: Place) -> tuple[int, int]:
    return place.line, place.column


def _line(error: ContractError) -> Problem:
    return str(error)


def _most(problems: list[Problem], path: Path) -> list[Problem]:
    more = len(problems) - MOST
    return problems if more <= 0 else [*problems[:MOST], f"{path}: and {more} more"]


def _name_findings(contract: Contract, path: Path, names: dict[str, str]) -> Iterator[Finding]:
    """A contract's name is its place under ``spec``, ends with its major version, and belongs to one file."""
    name = contract.contract
    if name in names:
        yield Finding(("contract",), f"the contract {name} is in {names[name]} already")
    names.setdefault(name, str(path))
    if path.stem != name.partition("/")[2] or path.absolute().parent.name not in (name.partition("/")[0], "spec"):
        folder = path.absolute().parent.name
        expected = f"{folder}/{path.stem}"
        if path.absolute().is_relative_to(spec_root()):
            yield Finding(("contract",), f"the contract is called {name}, its file {expected}.yaml")
    if not name.endswith(f"-v{contract.sdk.major}") and name.startswith(("calls/", "chat/")):
        yield Finding(("contract",), f"the contract is called {name}, and is for major version {contract.sdk.major}")


def _id_findings(contract: Contract, path: Path, ids: dict[str, str]) -> Iterator[Finding]:
    """An id stands once, in one file, and all ids of a contract begin alike."""
    prefixes: dict[str, str] = {}
    for promise in promises(contract):
        location = location_of(promise)
        if promise.id in ids:
            where = "in this contract" if ids[promise.id] == str(path) else f"in {ids[promise.id]}"
            yield Finding((*location, "id"), f"the id {promise.id} stands {where} already")
        ids.setdefault(promise.id, str(path))
        prefix = promise.id.partition("-")[0]
        first = prefixes.setdefault(contract.contract, prefix)
        if prefix != first:
            yield Finding((*location, "id"), f"the id {promise.id} begins with {prefix}, others here with {first}")
