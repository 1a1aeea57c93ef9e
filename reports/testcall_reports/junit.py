"""JUnit XML, for CI systems that show nothing else.

The format knows four results, we know nine. The mapping: ``fail`` and ``unexpected_pass`` → failure; ``error`` → error;
``known_fail``, ``inconclusive``, ``not_run``, ``differs`` → skipped, always with a message; ``pass`` and ``holds`` → plain. The
property ``verdict`` keeps the true word. Only our own summary decides about the exit code.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from testcall_reports.reader import Record
from testcall_reports.record import VerdictLine
from testcall_reports.summary import build_title
from testcall_reports.summary_text import REFERENCE_NOTE, WORDS

_RESULT = {
    "fail": "failure",
    "unexpected_pass": "failure",
    "error": "error",
    "known_fail": "skipped",
    "inconclusive": "skipped",
    "not_run": "skipped",
    "differs": "skipped",
}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT_LIMIT = 8000


def junit_xml(record: Record) -> bytes:
    """``record`` as JUnit XML: a suite per build, a case per clause."""
    root = ET.Element("testsuites", name="testcall")
    for build_id in record.build_ids:
        build = record.build(build_id)
        verdicts = record.verdicts_of(build_id)
        results = [_RESULT.get(verdict.verdict, "") for verdict in verdicts]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_xml(f"{build_title(build)} ({REFERENCE_NOTE})" if build.is_reference else build_title(build)),
            tests=str(len(verdicts)),
            failures=str(results.count("failure")),
            errors=str(results.count("error")),
            skipped=str(results.count("skipped")),
        )
        if record.runs:
            suite.set("timestamp", record.runs[0].started_at.isoformat(timespec="seconds"))
        _properties(suite, {"sdk": build.sdk, "contract": build.contract, "adapter": build.adapter})
        for verdict in verdicts:
            _case(suite, verdict)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _case(suite: ET.Element, verdict: VerdictLine) -> None:
    classname = ".".join(part for part in (verdict.contract.replace("/", "."), verdict.family) if part)
    seconds = sum(wait.waited_s for wait in verdict.waits)
    case = ET.SubElement(suite, "testcase", classname=_xml(classname), name=_xml(verdict.clause), time=f"{seconds:.3f}")
    facts = {
        "verdict": verdict.verdict,
        "level": verdict.level,
        "basis": verdict.basis,
        "counts": str(verdict.counts).lower(),
        "attribution": verdict.attribution or "",
        "source": verdict.source.url if verdict.source else "",
        "follows": verdict.follows,
    }
    _properties(case, facts)
    result = _RESULT.get(verdict.verdict)
    if result is None:
        return
    message = verdict.reason or verdict.text
    element = ET.SubElement(case, result, message=_xml(f"{WORDS[verdict.verdict]}: {message}"))
    if result != "skipped":
        element.set("type", f"{verdict.level} {verdict.basis}")
        element.text = _xml(_details(verdict))


def _details(verdict: VerdictLine) -> str:
    lines = [verdict.text]
    if verdict.source:
        where = " # ".join(part for part in (verdict.source.title, verdict.source.heading) if part)
        lines.append(f"source: {where} {verdict.source.url} {verdict.source.revision}".rstrip())
    lines += [f"expected: {verdict.expected}", f"seen: {verdict.seen}"]
    if verdict.attribution:
        lines.append(f"attribution: {verdict.attribution}")
    if verdict.replay:
        lines.append(f"again: {verdict.replay}")
    return "\n".join(lines)


def _properties(parent: ET.Element, facts: dict[str, str]) -> None:
    element = ET.SubElement(parent, "properties")
    for name, value in facts.items():
        if value:
            ET.SubElement(element, "property", name=name, value=_xml(value))


def _xml(text: str) -> str:
    """``text`` without the characters that XML 1.0 forbids (§2.2), and of a length that CI systems still show."""
    text = _NOT_XML.sub("\ufffd", text)
    return text if len(text) <= _TEXT_LIMIT else f"{text[:_TEXT_LIMIT]}…"
