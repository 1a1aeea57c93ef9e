"""JUnit XML for CI systems."""

from xml.etree import ElementTree as ET

import pytest

from testcall_reports.commands import write_junit
from testcall_reports.junit import junit_xml


def case_of(record):
    return ET.fromstring(junit_xml(record)).find("testsuite/testcase")


@pytest.mark.parametrize(
    ("word", "element"),
    [
        ("pass", None),
        ("holds", None),
        ("fail", "failure"),
        ("unexpected_pass", "failure"),
        ("error", "error"),
        ("known_fail", "skipped"),
        ("inconclusive", "skipped"),
        ("not_run", "skipped"),
        ("differs", "skipped"),
    ],
)
def test_each_verdict_has_its_element_and_message(record, verdict, word, element):
    case = case_of(record(verdict("C-1", word, reason="the reason")))
    results = [child for child in case if child.tag != "properties"]
    assert [child.tag for child in results] == ([element] if element else [])
    assert case.find("properties/property[@name='verdict']").get("value") == word
    if element:
        assert "the reason" in results[0].get("message")


def test_the_suite_counts_agree(large_record):
    for suite in ET.fromstring(junit_xml(large_record)):
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases) > 100
        for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute)) == sum(1 for case in cases if case.find(element) is not None)


def test_hostile_texts_are_still_xml(tmp_path, record, verdict):
    hostile = "]]><x a='\x00\x1b\ufffe \ud800 &amp;" + "é" * 20_000
    file = write_junit(
        record(verdict("C-1", "fail", text=hostile, reason=hostile, seen={"x": hostile})), tmp_path / "j.xml"
    )
    assert len(ET.parse(file).getroot().find("testsuite/testcase/failure").text) < 9000
