"""The HTML report: one file, no network, readable without scripts.

The page is laid out by Jinja templates with autoescape from the values of :mod:`testcall_reports.html.view`. Evidence is what
makes a page large, so it is shown in the greatest detail that keeps the file below :data:`SIZE_BUDGET`.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from testcall_reports.html.payload import shorten, visible
from testcall_reports.html.timeline import clock_text, span_text
from testcall_reports.html.view import ATTRIBUTIONS, DETAILS, PROOFS, estimated_size, page_of
from testcall_reports.reader import Record
from testcall_reports.summary_text import REFERENCE_NOTE

SIZE_BUDGET = 5_000_000
"""Bytes that a report should not exceed: it is attached to releases and sent by mail."""


def report_html(record: Record, *, budget: int = SIZE_BUDGET) -> str:
    """The report about ``record`` as one HTML document of at most ``budget`` bytes, if the clause texts alone allow it."""
    document = ""
    for index, detail in enumerate(DETAILS):
        if estimated_size(record, detail) > 2 * budget and detail is not DETAILS[-1]:
            continue  # hopeless; rendering it would only cost time
        page = page_of(record, detail, reduced=index > 0)
        document = _environment().get_template("report.html.j2").render(page=page, record=record, run=_run(record))
        if len(document.encode()) <= budget:
            break
    return document


def _run(record: Record) -> object:
    return record.runs[0] if record.runs else None


@cache
def _environment() -> Environment:
    templates = resources.files("testcall_reports.html") / "templates"
    script = (templates / "filter.js").read_text(encoding="utf-8").strip()
    environment = Environment(
        loader=PackageLoader("testcall_reports.html", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(visible=visible, shorten=shorten, clock=clock_text, span=span_text)
    environment.globals.update(
        style=Markup((templates / "style.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        reference_note=REFERENCE_NOTE,
        attributions=ATTRIBUTIONS,
        proofs=PROOFS,
    )
    return environment
