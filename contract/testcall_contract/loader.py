"""Loads contracts: the packaged JSON when there is one, else the YAML of ``spec/``; errors name file, line and column.

Reading is one pass of the C loader and one of pydantic. Only when that fails is the file read a second time, with positions,
to say where. Aliases, merge keys and tags are refused: a contract is plain data, and an alias bomb is a few bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from testcall_contract.errors import ContractError, Place
from testcall_contract.models import Contract, Core

MAX_BYTES = 2_000_000
"""A contract file may have so many bytes; the largest of ours has under a quarter of it."""

MAX_DEPTH = 40
"""So deep may a contract file nest."""

_Model = TypeVar("_Model", bound=BaseModel)


def spec_root() -> Path:
    """The folder with the contract files: the packaged one, else the repository's ``spec/``."""
    packaged = Path(str(resources.files("testcall_contract"))) / "spec"
    if packaged.is_dir():
        return packaged
    return Path(__file__).resolve().parents[2] / "spec"


def contract_names() -> list[str]:
    """The names of all contracts there are, such as ``calls/javascript-v5``."""
    root = spec_root()
    return sorted(f"{path.parent.name}/{path.stem}" for path in root.glob("*/*.yaml") if _is_contract(path))


def _is_contract(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return any(line.startswith("contract:") for line in file.readlines(4096))


@lru_cache(maxsize=32)
def load(name: str) -> Contract:
    """The contract of that name; :class:`ContractError` when there is none or it is wrong."""
    path = spec_root() / f"{name}.yaml"
    if not path.is_file():
        raise ContractError(f"no contract {name!r}; there are: {', '.join(contract_names()) or 'none'}")
    packed = path.with_suffix(".json")
    if packed.is_file() and packed.stat().st_mtime_ns >= path.stat().st_mtime_ns:
        return Contract.model_validate_json(packed.read_bytes())
    return load_file(path)


@lru_cache(maxsize=1)
def load_core() -> Core:
    """The shared concepts of ``spec/core.yaml``."""
    return read(spec_root() / "core.yaml", Core)


def load_file(path: Path) -> Contract:
    """The contract in the YAML file ``path``."""
    return read(path, Contract)


def read(path: Path, model: type[_Model]) -> _Model:
    """The YAML file ``path`` as a value of ``model``; :class:`ContractError` with line and column for anything wrong in it."""
    text = _text(path)
    data = parse(text, str(path))
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = _locate(text, str(path), first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise ContractError(f"{_sentence(first)}{more}", place) from None


def parse(text: str, path: str) -> Any:
    """The plain data in ``text``; refuses aliases, tags, duplicate keys, deep nesting and more than one document."""
    _screen(text, path)
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ContractError(_yaml_sentence(error), _mark(error, path)) from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ContractError(f"can't be read: {error.strerror or error}", Place(str(path))) from None
    if len(raw) > MAX_BYTES:
        raise ContractError(
            f"has more than {MAX_BYTES} bytes; a contract is a text of some thousand lines", Place(str(path))
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        raise ContractError("is not UTF-8 here; save the file as UTF-8", Place(str(path), line, column)) from None


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """The C loader without time stamps (a revision like 2026-11-20 stays text) and with an error for duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            seen = set()
            for key_node, _ in node.value:
                if key_node.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key_node.value!r} stands twice in one mapping", key_node.start_mark
                    )
                seen.add(key_node.value)
        return mapping


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}


def _screen(text: str, path: str) -> None:
    """Refuse by events, in bounded memory, what would cost too much to build or is no plain data."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_Base):
            mark = event.start_mark
            place = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
            if isinstance(event, yaml.AliasEvent):
                raise ContractError(f"aliases are not allowed (*{event.anchor}); write the value out", place)
            if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None):
                raise ContractError(f"tags are not allowed ({getattr(event, 'tag', None)})", place)
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise ContractError(f"nests deeper than {MAX_DEPTH} levels", place)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError as error:
        raise ContractError(_yaml_sentence(error), _mark(error, path)) from None


def _yaml_sentence(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"is no good YAML: {problem}" if not str(problem).startswith("the key") else str(problem)


def _mark(error: yaml.YAMLError, path: str) -> Place:
    mark = getattr(error, "problem_mark", None)
    return Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)


def _sentence(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"]) or "the file"
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"{where}: unknown key {error['loc'][-1]!r}"
    if kind == "missing":
        return f"{where}: the key {error['loc'][-1]!r} is missing"
    given = error.get("input")
    shown = repr(given) if isinstance(given, (str, int, float, bool, type(None))) else type(given).__name__
    return f"{where}: {error['msg'][0].lower()}{error['msg'][1:]} (it is {shown[:80]})"


def _locate(text: str, path: str, location: Sequence[str | int]) -> Place:
    """The place of ``location`` in ``text``: the second pass, with positions, as far as the location leads."""
    node = yaml.compose(text, Loader=_Base)
    if node is None:
        return Place(path, 1, 1)
    mark = node.start_mark
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                continue
            mark, node = found[0].start_mark, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            mark = node.start_mark
    return Place(path, mark.line + 1, mark.column + 1)
