"""Loads contracts: the packed JSON if it was made of just these bytes of YAML, else the YAML; errors name file, line, column.

Reading YAML is one pass of the C loader and one of pydantic; only when that fails is the file read a second time, with
positions, to say where. :mod:`testcall_contract.pack` makes the JSON: with it, PyYAML is not even imported.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from testcall_contract.errors import ContractError, Place
from testcall_contract.models import Contract, Core

PACKED = Path(__file__).resolve().parent / "packed"
"""Where the packed contracts are: a line with the SHA-256 of the YAML file that was read, then its data as JSON."""

_NAME = re.compile(r"[a-z]+/[a-z0-9-]+")

_Model = TypeVar("_Model", bound=BaseModel)


def spec_root() -> Path:
    """The folder with the contract files: the packaged one, else the repository's ``spec/``."""
    packaged = Path(str(resources.files("testcall_contract"))) / "spec"
    if packaged.is_dir():
        return packaged
    return Path(__file__).resolve().parents[2] / "spec"


def contract_files() -> list[Path]:
    """The files of all contracts there are, in the order of their names."""
    return sorted(path for path in spec_root().glob("*/*.yaml") if _is_contract(path))


def contract_names() -> list[str]:
    """The names of all contracts there are, such as ``calls/javascript-v5``."""
    return [f"{path.parent.name}/{path.stem}" for path in contract_files()]


def _is_contract(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return any(line.startswith("contract:") for line in file.readlines(4096))


@lru_cache(maxsize=32)
def load(name: str) -> Contract:
    """The contract of that name; :class:`ContractError` when there is none or it is wrong."""
    path = spec_root() / f"{name}.yaml"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise ContractError(f"no contract {name!r}; there are: {', '.join(contract_names()) or 'none'}")
    return _packed(name, path, Contract) or read(path, Contract)


@lru_cache(maxsize=1)
def load_core() -> Core:
    """The shared concepts of ``spec/core.yaml``."""
    path = spec_root() / "core.yaml"
    return _packed("core", path, Core) or read(path, Core)


def load_file(path: Path) -> Contract:
    """The contract in the YAML file ``path``."""
    return read(path, Contract)


def read(path: Path, model: type[_Model]) -> _Model:
    """The YAML file ``path`` as a value of ``model``; :class:`ContractError` with line and column for anything wrong in it."""
    value, errors = attempt(path, model)
    if value is not None:
        return value
    more = f" (and {len(errors) - 1} more; `testcall spec check {path}` lists them)" if len(errors) > 1 else ""
    raise ContractError(f"{errors[0].message}{more}", errors[0].place)


def attempt(path: Path, model: type[_Model]) -> tuple[_Model | None, list[ContractError]]:
    """The file as a value of ``model``, or None and everything that is wrong in it, in the order of pydantic's walk."""
    from testcall_contract.plain import Places, parse, read_text

    try:
        text = read_text(path)
        data = parse(text, str(path))
    except ContractError as error:
        return None, [error]
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        places, found = Places(text, str(path)), error.errors()
        errors = [ContractError(_sentence(one), places.of(one["loc"])) for one in found]
        return None, _once(errors, [one["type"] in ("missing", "extra_forbidden") for one in found])


def _once(errors: list[ContractError], always: list[bool]) -> list[ContractError]:
    """One error for each place: pydantic tells one for each form that a value could have had. Keys each have their own."""
    told: set[Place | None] = set()
    kept = []
    for error, keep in zip(errors, always, strict=True):
        if keep or error.place not in told:
            kept.append(error)
        told.add(error.place)
    return kept


def _packed(name: str, path: Path, model: type[_Model]) -> _Model | None:
    """The packed form of the file ``path``; None when there is none, or it was not made of the file as it is now."""
    try:
        head, _, body = (PACKED / f"{name}.json").read_bytes().partition(b"\n")
        if head.decode("ascii") != hashlib.sha256(path.read_bytes()).hexdigest():
            return None
        return model.model_validate_json(body)
    except (OSError, ValueError):
        return None


def _sentence(error: Any) -> str:
    """What pydantic found, as a half sentence that names the place by its keys."""
    where = ".".join(str(part) for part in error["loc"]) or "the file"
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"{where}: unknown key {error['loc'][-1]!r}"
    if kind == "missing":
        return f"{where}: the key {error['loc'][-1]!r} is missing"
    given = error.get("input")
    shown = repr(given) if isinstance(given, (str, int, float, bool, type(None))) else type(given).__name__
    return f"{where}: {error['msg'][0].lower()}{error['msg'][1:]} (it is {shown[:80]})"
