"""YAML text as plain data: the part of YAML that a contract needs, and one clear error with its place for all else.

The C loader builds the data in one pass. What would cost it too much, or crash it (it recurses, so that some ten thousand open
brackets overflow the stack), is looked for in the text first, by expressions that cost a hundredth of the loading; only text
that looks suspicious is screened event by event. Refused are aliases, anchors, tags, merge keys, keys that are no text, keys
that stand twice, deep nesting, more than one document, control characters, other encodings, and files of a size that no
contract has. Words are read as YAML 1.2 does (and so do editors): ``on`` and ``no`` are texts, ``1:30`` is no number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from testcall_contract.errors import ContractError, Place

MAX_BYTES = 2_000_000
"""A contract file may have so many bytes; the largest of ours has under a quarter of it."""

MAX_MARKS = 100_000
"""So many line ends, commas and colons may a file have together; the largest of ours has under a quarter of it."""

MAX_DEPTH = 40
"""So deep may a contract file nest; ours nest under 20 levels."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff\ufffe\uffff]")
_NODE_PROPERTY = re.compile("(?:^|[\\[{,:?\\-\r\x85\u2028\u2029])[ \\t]*(?:[&*][^\\s,\\[\\]{}]|!)", re.MULTILINE)
_LEAD = re.compile(rf"^[ \t?:\-]{{{MAX_DEPTH // 2},}}", re.MULTILINE)
_BRACKETS = re.compile(r"[\[\]{}]")


def read_text(path: Path) -> str:
    """The text of the file ``path``, of which at most :data:`MAX_BYTES` are read."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ContractError(f"can't be read: {error.strerror or error}", Place(str(path))) from None
    return decode(raw, str(path))


def decode(raw: bytes, path: str) -> str:
    """``raw`` as text; refuses what is no UTF-8 and what is too large."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ContractError("is UTF-16 or UTF-32; save the file as UTF-8", Place(path, 1, 1))
    if len(raw) > MAX_BYTES:
        message = f"has more than {MAX_BYTES} bytes; a contract is a text of some thousand lines"
        raise ContractError(message, Place(path))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        raise ContractError("is not UTF-8 here; save the file as UTF-8", Place(path, line, column)) from None


def parse(text: str, path: str) -> Any:
    """The plain data in ``text``; ``path`` is for the place in a :class:`ContractError`."""
    _prescreen(text, path)
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ContractError(_sentence(error), _place(error, path)) from None


class Places:
    """Where things stand in a text: the second pass, with positions, for errors only."""

    def __init__(self, text: str, path: str) -> None:
        self._path = path
        self._root = yaml.compose(text, Loader=_Loader)

    def of(self, location: Sequence[str | int]) -> Place:
        """The place of ``location`` (keys and indices), as far as it leads; parts that lead nowhere are passed over."""
        node = self._root
        if node is None:
            return Place(self._path, 1, 1)
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
        return Place(self._path, mark.line + 1, mark.column + 1)


# --- before loading --------------------------------------------------------------------------------------------------


def _prescreen(text: str, path: str) -> None:
    """Refuse what must not reach the loader, by the text alone; screen by events what only might be such."""
    control = _CONTROL.search(text)
    if control:
        raise ContractError(
            f"has the control character {control.group()!r} here; is it a text in UTF-8?",
            _offset(text, control.start(), path),
        )
    if text.count("\n") + text.count(",") + text.count(":") > MAX_MARKS:
        raise ContractError(f"has more than {MAX_MARKS} lines, commas and colons; no contract is so large", Place(path))
    if _NODE_PROPERTY.search(text) or _may_be_deep(text):
        _screen(text, path)


def _may_be_deep(text: str) -> bool:
    """Whether brackets or indentation could nest deeper than :data:`MAX_DEPTH`; brackets inside texts count as well."""
    lead = max((len(found) for found in _LEAD.findall(text)), default=MAX_DEPTH // 2)
    depth = deepest = 0
    for bracket in _BRACKETS.findall(text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return lead + deepest > MAX_DEPTH


def _screen(text: str, path: str) -> None:
    """Refuse by events, in bounded memory, what would cost too much to build or is no plain data."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            mark = event.start_mark
            place = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
            if isinstance(event, yaml.AliasEvent):
                raise ContractError(f"aliases are not allowed (*{event.anchor}); write the value out", place)
            if isinstance(event, yaml.NodeEvent) and event.anchor:
                raise ContractError(f"anchors are not allowed (&{event.anchor})", place)
            if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None):
                raise ContractError(f"tags are not allowed ({getattr(event, 'tag', None)})", place)
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise ContractError(f"nests deeper than {MAX_DEPTH} levels", place)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError as error:
        raise ContractError(_sentence(error), _place(error, path)) from None


# --- loading ---------------------------------------------------------------------------------------------------------

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """The C loader with the words of YAML 1.2, and errors for keys that are no text or stand twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if key_node.tag != "tag:yaml.org,2002:str":
                shown = repr(key) if isinstance(key, str) else "a list or mapping"
                raise _KeyProblem(f"a key is a text, and {shown} is none; put it in quotes", key_node.start_mark)
            if key in mapping:
                raise _KeyProblem(f"the key {key!r} stands twice in one mapping", key_node.start_mark)
            mapping[key] = self.construct_object(value_node, deep=deep)
        return mapping


class _KeyProblem(yaml.MarkedYAMLError):
    def __init__(self, problem: str, mark: yaml.Mark) -> None:
        super().__init__(problem=problem, problem_mark=mark)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]{1,18}", "-+0123456789"),
    ("float", r"[-+]?(?:[0-9]{1,30}\.[0-9]{0,30}|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,3})?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


def _construct_int(_: Any, node: yaml.ScalarNode) -> int:
    return int(node.value)


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)  # PyYAML's reads 010 as octal


def _sentence(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return str(problem) if isinstance(error, _KeyProblem) else f"is no good YAML: {problem}"


def _place(error: yaml.YAMLError, path: str) -> Place:
    mark = getattr(error, "problem_mark", None)
    return Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)


def _offset(text: str, offset: int, path: str) -> Place:
    return Place(path, text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1)
