"""Payloads as people read them: stanzas indented, JSON in lines, expected and seen side by side.

Everything returned is plain text; the template escapes it. A payload that can't be parsed is shown as it came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from lxml import etree

_CONTROLS = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)} | {0x0D: None, 0x7F: 0x2421}
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
"""Directional marks: a hostile text must not turn the page around it."""

_LINE_LIMIT = 400
_DIFF_LINES = 120


def visible(text: str) -> str:
    """``text`` with control characters as symbols (NUL reads ␀) and directional marks as a box."""
    text = _BIDI.sub("\u25a1", text) if not text.isascii() else text
    return text.translate(_CONTROLS)


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters of ``text``; what is left out is counted."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit} more characters; see the record)"


def clip(text: str, limit: int) -> str:
    """One line of at most ``limit`` characters of ``text``, for labels."""
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def pretty_json(value: Any) -> str:
    """A JSON value over several lines; a text stands for itself, and so does a tagged undefined."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and set(value) == {"$"} and isinstance(value["$"], str):
        return value["$"]
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 72 else json.dumps(value, ensure_ascii=False, indent=2, default=str)


def pretty_xml(text: str) -> str:
    """A stanza over several lines; the text as it came when it is no XML. Entities are not resolved, nothing is fetched."""
    if len(text) > 100_000 or "<!" in text:
        return text
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_blank_text=True
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
        etree.indent(root, "  ")
        return str(etree.tostring(root, encoding="unicode"))
    except (etree.XMLSyntaxError, ValueError, RecursionError):
        return text


def stanza_label(name: str, stanza: str) -> str:
    """What a stanza is about, in few words: ``iq set jingle source-add``, ``presence unavailable``."""
    root = re.match(r"\s*<[\w:.-]+([^>]*)", stanza)
    words = [name]
    if root and (kind := re.search(r"\btype=['\"](\w+)", root.group(1))):
        words.append(kind.group(1))
    inside = stanza[root.end() :] if root else ""
    if child := re.search(r"<([\w.-]+)([^>]*)", inside):
        words.append(child.group(1) if child.group(1) != "x" else "")
        if action := re.search(r"\baction=['\"]([\w-]+)", child.group(2)):
            words.append(action.group(1))
    if name == "presence" and "SourceInfo" in inside:
        words.append("SourceInfo")
    return " ".join(filter(None, words))


def pretty(data: Mapping[str, Any]) -> str:
    """The payload of an event, by what it is: a stanza, an HTTP exchange, or JSON without the members shown elsewhere."""
    if isinstance(data.get("stanza"), str):
        return pretty_xml(data["stanza"])
    if data.get("channel") == "http":
        return _http(data)
    if "message" in data and data.get("channel") == "datachannel":
        return pretty_json(data["message"])
    rest = {key: value for key, value in data.items() if key not in ("channel", "direction")}
    if set(rest) == {"arguments"}:
        return pretty_json(rest["arguments"])
    return pretty_json(rest) if rest else ""


def _http(data: Mapping[str, Any]) -> str:
    lines = [f"{data.get('method', '?')} {data.get('url', '')}"]
    for name, arrow in (("request", ">"), ("response", "<")):
        part = data.get(name)
        if name == "response":
            lines.append(f"{arrow} {data.get('status', '')}")
        if isinstance(part, Mapping):
            headers = part.get("headers")
            if isinstance(headers, Mapping):
                lines += [f"{arrow} {key}: {value}" for key, value in headers.items()]
            if part.get("body") not in (None, ""):
                lines += [f"{arrow} {line}" for line in pretty_json(_parsed(part["body"])).split("\n")]
    return "\n".join(lines)


def _parsed(body: Any) -> Any:
    """A body that travelled as JSON text, parsed; anything else as it is."""
    if isinstance(body, str) and body[:1] in "{[":
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            return body
    return body


@dataclass(frozen=True)
class Row:
    """One line of expected beside one line of seen; None where the other side has a line more."""

    expected: str | None
    seen: str | None

    @property
    def same(self) -> bool:
        """Whether both sides say the same; a comma at the end of a line is no difference."""
        return self.expected is not None and self.seen is not None and _bare(self.expected) == _bare(self.seen)


def aligned(expected: Any, seen: Any) -> list[Row]:
    """Expected and seen, line beside line, members of the same name facing each other. Empty when neither was given."""
    if expected is None and seen is None:
        return []
    left, right = _lines(expected, seen), _lines(seen, expected)
    rows: list[Row] = []
    names = [[_name(line) for line in side] for side in (left, right)]
    for _, a, b, c, d in SequenceMatcher(None, names[0], names[1], autojunk=False).get_opcodes():
        for offset in range(max(b - a, d - c)):
            rows.append(Row(_at(left, a, b, offset), _at(right, c, d, offset)))
    return rows


def _lines(value: Any, other: Any) -> list[str]:
    """The lines of one side. If either side is structured both are shown in full, so that members face each other."""
    if value is None and not isinstance(other, (dict, list)):
        return ["nothing"]
    if isinstance(value, (dict, list)) and isinstance(other, (dict, list)):
        text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    else:
        text = pretty_json(value)
    lines = [shorten(visible(line), _LINE_LIMIT) for line in text.split("\n")]
    return lines if len(lines) <= _DIFF_LINES else [*lines[:_DIFF_LINES], f"… ({len(lines) - _DIFF_LINES} more lines)"]


def _bare(line: str) -> str:
    return line.rstrip(",")


def _name(line: str) -> str:
    """What makes two lines counterparts: indentation and name of a member; the whole line when it has no name."""
    name, colon, _ = line.partition('": ')
    return name if colon and name.lstrip().startswith('"') else _bare(line)


def _at(lines: list[str], start: int, end: int, offset: int) -> str | None:
    return lines[start + offset] if start + offset < end else None
