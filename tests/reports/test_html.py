"""The HTML report: one file, nothing from outside, nothing from a hostile build, and everything in it."""

import os
import re
import shutil
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from lxml import html

from testcall_reports.commands import render_html
from testcall_reports.html import SIZE_BUDGET, report_html
from testcall_reports.reader import Record
from testcall_reports.record import (
    BuildLine,
    CallbackLine,
    Divergence,
    FindingLine,
    HostFacts,
    InstrumentLine,
    Item,
    Measurement,
    OutcomeLine,
    RunLine,
    Source,
    StepLine,
    UnitLine,
    VerdictLine,
    Wait,
    WireLine,
)
from testcall_reports.summary_text import REFERENCE_NOTE
from testcall_reports.writer import write_lines

EVIL = (
    "</script></style><img src=x onerror=alert(1)><svg onload=alert(2)>\"'`{{7*7}}{% raw %}&lt;\x00\x1b\u202e\ud800]]>"
)
EVIL_URL = "javascript:alert(1)//https://ok.example"


@pytest.fixture(scope="module")
def large_page(large_record):
    return html.fromstring(report_html(large_record))


def hostile_record(verdict):
    """A record in which every free text is an attack."""
    source = Source(title=EVIL, url=EVIL_URL, heading=EVIL, revision=EVIL)
    quote = Source(title=EVIL, url='https://ok.example/"onmouseover="alert(1)', heading=EVIL)
    values = {
        "text": EVIL, "reason": EVIL, "family": EVIL, "rule": EVIL, "contract": EVIL, "build": EVIL, "source": source,
        "item": Item(kind=EVIL, name=EVIL), "expected": {EVIL: EVIL}, "seen": [EVIL], "follows": EVIL, "conflict": EVIL,
        "assumptions": (EVIL,), "replay": EVIL, "unit": EVIL, "evidence": (1, 2, 3, 4, 5, 6), "proof": "unproven",
        "measurement": Measurement(what=EVIL, unit=EVIL, value=1, low=0, high=2, limit=1, noise=1),
        "waits": (Wait(what=EVIL, waited_s=9, limit_s=10),),
        "first_divergence": Divergence(seq=3, absent=True, expected=EVIL, seen=EVIL),
    }  # fmt: skip
    words = ("fail", "pass", "known_fail", "unexpected_pass", "inconclusive", "not_run", "error", "holds", "differs")
    verdicts = [verdict(f"{EVIL}{word}", word, **values) for word in words]
    events = [
        StepLine(actor=EVIL, name=EVIL, data={"arguments": [EVIL, {EVIL: EVIL}]}),
        OutcomeLine(actor=EVIL, name=EVIL, data={"ended": EVIL, "error": {"own": {"code": EVIL}}}),
        CallbackLine(actor=EVIL, name=EVIL, data={"arguments": EVIL}),
        WireLine(actor=EVIL, name=EVIL, data={"channel": "xmpp", "uid": EVIL, "direction": EVIL, "stanza": f"<a b='{EVIL}"}),
        WireLine(actor=EVIL, name=EVIL, data={"channel": "http", "method": EVIL, "url": EVIL, "status": EVIL,
                                              "request": {"headers": {EVIL: EVIL}, "body": EVIL}, "response": EVIL}),
        WireLine(actor=EVIL, name=EVIL, data={"channel": EVIL, "uid": [EVIL]}),
    ]  # fmt: skip
    events = [
        event.model_copy(update={"unit": EVIL.replace("\ud800", "\\ud800"), "seq": n})
        for n, event in enumerate(events, 1)
    ]
    findings = [
        FindingLine(type=kind, build=EVIL, id=EVIL, text=EVIL, does=EVIL, alternatives=(EVIL,), sources=(source, quote),
                    assumptions=(EVIL,))
        for kind in ("silence", "conflict", "observation")
    ]  # fmt: skip
    host = HostFacts(system=EVIL, release=EVIL, machine=EVIL, cpus=1, python=EVIL, browser=EVIL, packages={EVIL: EVIL})
    return Record(
        (
            RunLine(suite_version=EVIL, command=EVIL, profile=EVIL, started_at=datetime.now(UTC), families=(EVIL,), shard=EVIL,
                    planned_units=(EVIL + "2",), host=host),
            BuildLine(id=EVIL, sdk=EVIL, name=EVIL, version=EVIL, contract=EVIL, adapter=EVIL, capabilities=(EVIL,), notes=(EVIL,)),
            BuildLine(id="second", sdk=EVIL, contract=EVIL, is_reference=True),
            verdict("C-1", build="second"),
            InstrumentLine(name=EVIL, data={EVIL: EVIL}),
            UnitLine(unit=EVIL, build=EVIL),
            *events, *verdicts, *findings,
        )
    )  # fmt: skip


def test_a_hostile_build_can_put_nothing_but_text_on_the_page(verdict, tmp_path):
    file = render_html(hostile_record(verdict), tmp_path / "r.html")
    text = file.read_text(encoding="utf-8")
    assert "\x00" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    page = html.fromstring(text.encode())
    assert not page.xpath("//img")
    assert len(page.xpath("//script")) == 1
    assert len(page.xpath("//style")) == 1
    assert not page.xpath("//@*[starts-with(name(), 'on')]")
    for href in page.xpath("//@href"):
        assert href.startswith(("#", "https://"))
    assert "onerror=alert(1)" in page.text_content()
    assert "49" not in page.xpath("string(//h4)")


def test_the_report_needs_nothing_from_outside(large_record):
    text = report_html(large_record)
    page = html.fromstring(text)
    assert not page.xpath("//link|//script[@src]|//img|//iframe|//object|//*[@srcset]|//base")
    assert "@import" not in text
    assert "url(" not in text
    assert "default-src 'none'" in page.xpath("string(//meta[@http-equiv]/@content)")


def test_ids_are_unique_and_every_link_leads_somewhere(large_page):
    ids = large_page.xpath("//@id")
    assert len(ids) == len(set(ids)) > 600
    inner = [href[1:] for href in large_page.xpath("//@href") if href.startswith("#")]
    assert not set(inner) - set(ids)


def test_every_clause_is_there_once_for_each_build(large_record, large_page):
    sections = large_page.xpath("//section[contains(concat(' ', @class, ' '), ' build ')]")
    assert len(sections) == 3
    for section, build in zip(sections, large_record.build_ids, strict=True):
        shown = section.xpath(
            ".//*[@data-clause]//code[contains(@class, 'id')]/text()|.//article//a[@class='id']/code/text()"
        )
        for verdict in large_record.verdicts_of(build):
            assert shown.count(verdict.clause) == 1, verdict.clause


def test_a_failure_says_everything(large_page):
    (article,) = large_page.xpath("//article[.//h4[starts-with(., 'A join that fails')]]")
    text = " ".join(" ".join(article.itertext()).split())
    for part in ("✕ fail", "must · documented · operation joinSession", "Join Session › Error Handling at 20e18728", "Attributed to the build",
                 "Rests on the assumption", "seen to fail on a real build", "testcall run --sdk", "first divergence: expected resolved {error}",
                 '"code": "ERR_TOKEN_INVALID"', "14.0 ms", "< 401"):  # fmt: skip
        assert part in text, part
    assert article.xpath(".//a[starts-with(@href, 'https://www.cometchat.com/docs/calls/javascript/join-session#')]")
    assert article.xpath(".//svg[@role='img']")


def test_must_failures_come_first(large_record, large_page):
    for section in large_page.xpath("//section[contains(@id, '-failures')]"):
        levels = [
            text.split(" ·")[0].strip() for text in section.xpath(".//article/header/span[@class='facts']/text()[1]")
        ]
        assert levels == sorted(levels, key=("must", "should", "info").index)


def test_a_reference_build_is_headed_as_a_model_and_never_called_conformant(large_record, large_page):
    (section,) = large_page.xpath("//section[@id='build-reference-v5']")
    assert REFERENCE_NOTE in section.xpath("string(.//header)").lower()
    text = html.tostring(large_page, encoding="unicode").lower()
    assert "conformant" not in text
    assert "badge" not in text
    others = [one for one in large_page.xpath("//section[contains(@class, 'build')]") if one is not section]
    assert all(REFERENCE_NOTE not in one.xpath("string(.//header)").lower() for one in others)


def test_conflicts_show_the_alternative_that_the_build_follows(record, verdict):
    one = verdict("C-1", conflict="K-1", follows="rejects")
    two = verdict("C-2", conflict="K-1", follows="resolves")
    page = html.fromstring(report_html(record(one)))
    assert "rejects" in page.xpath("string(//*[contains(@class, 'taken')])")
    assert "Not consistently" not in page.text_content()
    assert "Not consistently" in html.fromstring(report_html(record(one, two))).text_content()


def test_what_was_not_judged_stands_with_its_reason(large_page):
    text = large_page.xpath("string(//section[@id='build-js-4-2-6-unjudged'])")
    assert "The adapter has no capability clock." in text
    assert "between 430 and 560; the limit is 500 ms" in " ".join(text.split())


def test_headings_step_down_one_by_one(large_page):
    levels = [int(one.tag[1]) for one in large_page.xpath("//h1|//h2|//h3|//h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for landmark in ("main", "nav", "header", "footer"):
        assert large_page.xpath(f"//{landmark}")


@pytest.mark.parametrize("lines", [(), ("b",)])
def test_an_empty_record_still_gives_a_page(record, lines):
    given = record() if lines else Record((RunLine(suite_version="1", started_at=datetime.now(UTC)),))
    page = html.fromstring(report_html(given))
    assert page.xpath("//h1")


def test_an_interrupted_run_says_so_at_the_top(record, verdict):
    page = html.fromstring(report_html(record(verdict(), footer=False)))
    assert "The run was interrupted" in page.xpath("string(//header[@class='top'])")
    assert "The run was interrupted" not in report_html(record(verdict()))


def test_the_large_run_is_far_below_the_budget(large_record):
    assert len(report_html(large_record).encode()) < SIZE_BUDGET / 3


def test_heavy_evidence_is_shortened_and_says_so(record, verdict):
    stanza = f"<iq><x>{'ab ' * 3000}</x></iq>"
    events = [
        WireLine(
            unit="u1", seq=n, at_ns=n * 10**6, name="iq", data={"channel": "xmpp", "uid": "alice", "stanza": stanza}
        )
        for n in range(1, 201)
    ]
    fails = [verdict(f"C-{n}", "fail", evidence=tuple(range(1, 201))) for n in range(40)]
    text = report_html(record(*events, *fails))
    assert len(text.encode()) <= SIZE_BUDGET
    assert "Evidence is shortened" in text
    assert "Evidence is shortened" not in report_html(record(*events[:3], fails[0]))


def test_a_huge_text_does_not_break_the_page(record, verdict):
    page = report_html(record(verdict("C-1", "fail", text="long " * 10**5, reason="x" * 10**6, seen="y" * 10**6)))
    assert len(page) < 100_000


def test_the_same_record_gives_the_same_page(tmp_path, large_record):
    write_lines(tmp_path / "record.jsonl", large_record.lines)
    first, second = (render_html(tmp_path, tmp_path / f"{n}.html").read_bytes() for n in range(2))
    assert first == second


def _luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_have_the_contrast_that_wcag_aa_asks_for(record, theme):
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    style = html.fromstring(report_html(record())).xpath("string(//style)")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6});", blocks[0 if theme == "light" else 1]))
    colours = {
        name: value if len(value) == 7 else "#" + "".join(2 * c for c in value[1:]) for name, value in colours.items()
    }
    verdicts = [VerdictLine.model_fields["verdict"].annotation]
    names = ["ink", "soft", "accent", *verdicts[0].__args__]
    for name in names:
        for ground in ("paper", "card"):
            assert _contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    for name, ground in (
        ("fail", "wash"),
        ("fail", "mark"),
        ("ink", "tint"),
        ("soft", "tint"),
        ("soft", "mark"),
        ("ink", "wash"),
    ):
        assert _contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


def browser_path():
    """The browser of the system; None lets Playwright use its own."""
    names = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")
    return os.environ.get("TESTCALL_BROWSER") or next(filter(None, map(shutil.which, names)), None)


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_in_a_browser_nothing_is_fetched_and_nothing_runs_over(tmp_path, large_record, verdict, width):
    from playwright.sync_api import sync_playwright

    calm = render_html(large_record, tmp_path / "calm.html")
    evil = render_html(hostile_record(verdict), tmp_path / "evil.html")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        for file in (calm, evil):
            page = browser.new_page(viewport={"width": width, "height": 900})
            requests, said = [], []
            page.on("request", lambda request, requests=requests: requests.append(request.url))
            page.on("console", lambda message, said=said: said.append(message.text))
            page.on("pageerror", lambda error, said=said: said.append(str(error)))
            page.on("dialog", lambda dialog, said=said: said.append(dialog.message))
            page.goto(file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.fill("#filter", "JS5-ACT-007")
            assert requests == [file.as_uri()]
            assert said == []
            if file == calm:
                assert page.locator("article[data-clause]:visible").count() == 1
                page.fill("#filter", "")
                assert page.locator("article[data-clause]:visible").count() > 10
        browser.close()


def test_a_budget_just_missed_costs_evidence_and_no_clause(large_record):
    whole = report_html(large_record)
    smaller = report_html(large_record, budget=len(whole.encode()) - 1)
    assert len(smaller.encode()) < len(whole.encode())
    assert "Evidence is shortened" in smaller
    assert len(html.fromstring(smaller).xpath("//article")) == len(html.fromstring(whole).xpath("//article"))
