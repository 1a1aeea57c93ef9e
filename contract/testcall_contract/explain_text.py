"""Writes an explanation for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from testcall_contract.citation import Citation
from testcall_contract.explain import Explanation
from testcall_contract.shapes import describe


def explanation_text(found: Explanation) -> str:
    """What :func:`explain` found, for a terminal."""
    return "\n".join(line for entry in found["found"] for line in [*_entry_lines(entry), ""])


def _entry_lines(entry: Explanation) -> list[str]:
    if entry["kind"] in ("clause", "conflict", "silence"):
        return _promise_lines(entry)
    title = f"{entry['name']}  ({entry['kind'].replace('_', ' ')} {entry['concept']} of {entry['contract']})"
    lines = [title, "-" * len(title)]
    lines += [f"{entry['says']}"] if entry.get("says") else []
    for label, text in _facts(entry):
        lines += textwrap.wrap(text, 110, initial_indent=f"  {label:<12} ", subsequent_indent=" " * 15)
    lines += [""] if entry["promises"] else []
    for promise in entry["promises"]:
        lines += [f"  {line}" for line in _promise_lines(promise)]
    return lines


def _facts(entry: Explanation) -> Iterator[tuple[str, str]]:
    """The facts of an item, as label and text."""
    for field in ("on", "setter", "getter", "type", "shape"):
        if entry.get(field):
            yield field, str(entry[field])
    if "parameters" in entry:
        yield from _call_facts(entry)
    for field, label in (("requires", "requires"), ("errors", "codes")):
        for one in entry.get(field, []):
            yield label, " · ".join(str(one[key]) for key in ("code", "condition", "says") if one.get(key))
    yield from _value_facts(entry)
    if entry.get("operations"):
        yield "of", ", ".join(entry["operations"])
    if entry.get("source"):
        yield "source", _source_text(entry["source"])


def _call_facts(entry: Explanation) -> Iterator[tuple[str, str]]:
    yield "parameters", _parameters_text(entry["parameters"])
    for overload in entry.get("overloads", []):
        yield "or", _parameters_text(overload["parameters"])
    success, failure = entry["delivers"]["success"], entry["delivers"]["failure"]
    yield "delivers", f"{' or '.join(success['ends'])}: {success['value']}"
    if failure:
        yield "fails", f"{' or '.join(failure['ends'])}: {failure['error']}, code at {failure['code_at']}"


def _value_facts(entry: Explanation) -> Iterator[tuple[str, str]]:
    if entry["kind"] == "setting":
        yield "member of", f"{entry['object']['name']} ({entry['object']['form']})"
        yield "default", describe(entry["default"]) if entry["has_default"] else "none that is known"
    for field in ("values", "excludes", "minimum", "maximum", "value"):
        if entry.get(field) is not None:
            yield field, describe(entry[field])
    for field in ("unit", "cause", "audience", "message", "about", "deprecated", "since"):
        if entry.get(field) is not None:
            yield field, str(entry[field])
    if entry["kind"] == "event":
        yield "payload", ", ".join(f"{p['name']}: {p['shape']}" for p in entry["payload"]) or "no arguments"
        yield (
            "via",
            ", ".join(way.get("registered_by") or way.get("setting") or way["listener"] for way in entry["via"]),
        )


def _parameters_text(parameters: list[Explanation]) -> str:
    return ", ".join(f"{p['name']}{'?' if p['optional'] else ''}: {p['type']}" for p in parameters) or "none"


def _promise_lines(entry: Explanation) -> list[str]:
    head = f"{entry['id']}  {entry['kind']}"
    head += f", {entry['level']}" if entry.get("level") else ""
    head += f", {entry['basis']}" if entry.get("basis") else ""
    lines = [head + ("" if entry["counts"] else " (never counts)"), f"    {entry['text']}"]
    for alternative in entry.get("alternatives", []):
        lines += [f"    {alternative['id']}: {alternative['says']}", *_cited(alternative.get("source"), "      ")]
    for field, label in (
        ("means", "for a user"), ("observed", "seen"), ("since", "since"), ("needs_test", "needs a test"), ("untestable", "untestable"),
        ("acceptance_only", "acceptance only"),
    ):  # fmt: skip
        if entry.get(field):
            lines.append(f"    {label}: {entry[field]}")
    arguments = f" {describe(entry['arguments'])}" if entry.get("arguments") else ""
    lines.append(f"    rule: {entry['rule']}{arguments}")
    return [*lines, *_cited(entry.get("source"), "    ")]


def _cited(source: Explanation | None, indent: str) -> list[str]:
    if source is None:
        return []
    return [f"{indent}{_source_text(source)}", *([f"{indent}{source['link']}"] if source.get("link") else [])]


def _source_text(source: Explanation) -> str:
    fields = {key: value for key, value in source.items() if key != "key"}
    return str(Citation(**fields))
