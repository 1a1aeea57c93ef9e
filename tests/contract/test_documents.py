"""Documents say the same as text, Markdown and HTML; the HTML stands alone and says nothing unescaped."""

import re

import pytest
from lxml import html
from tiny_contract import write

from testcall_contract.conflicts import conflicts_document
from testcall_contract.contents import contents_document
from testcall_contract.coverage import coverage_document
from testcall_contract.document import Card, Document, Paragraph, Row, Section, Span, Table, code, plain, render
from testcall_contract.loader import contract_names, load, load_core, load_file
from testcall_contract.parity import parity_document

FORMS = ("text", "markdown", "html")

HOSTILE = Document(
    title="A <b>title</b>",
    lead="Lead & more | `so` *on*",
    sections=(
        Section(
            "one",
            "Part <i>one</i>",
            "",
            (
                Paragraph(
                    (Span("see ", soft=True), Span("there", link='https://x.example/"><script>alert(1)</script>'))
                ),
                Paragraph((Span("a bad link", link="javascript:alert(1)"),)),
                Table("T", ("A|B", "C"), (Row((code("a|b"), plain("<script>x</script>"))),)),
                Card("ID-1", "<script>card</script>", (("Fact", plain("<img src=x>")),)),
            ),
        ),
    ),
)


def test_html_escapes_everything():
    page = render(HOSTILE, "html")
    assert "<script" not in page
    assert "<img" not in page
    assert "javascript:" not in page
    assert "<b>" not in page


def test_markdown_escapes_what_would_be_markup():
    text = render(HOSTILE, "markdown")
    assert r"A \<b\>title\</b\>" in text
    assert r"`a\|b`" in text
    assert "<script>" not in text


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    contracts = [load(name) for name in contract_names()]
    tiny = load_file(write(tmp_path_factory.mktemp("tiny")))
    return {
        "conflicts": conflicts_document(contracts),
        "parity": parity_document([*contracts, tiny], load_core()),
        "coverage": coverage_document(contracts, frozenset({"operation.exists"})),
        "contents": contents_document(contracts),
    }


@pytest.mark.parametrize("name", ["conflicts", "parity", "coverage", "contents"])
def test_a_page_stands_alone(name, documents):
    page = html.document_fromstring(render(documents[name], "html"))
    assert not page.xpath("//script | //img | //iframe | //link | //*[@onclick] | //style[contains(., 'url(')]")
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    targets = {target[1:] for target in page.xpath("//a/@href") if target.startswith("#")}
    assert targets <= set(ids)
    assert all(link.startswith(("https://", "#")) for link in page.xpath("//a/@href"))
    assert page.xpath("//html/@lang") == ["en"]
    assert len(page.xpath("//h1")) == 1
    assert all(table.xpath(".//caption") for table in page.xpath("//table"))


@pytest.mark.parametrize("name", ["conflicts", "parity", "coverage", "contents"])
def test_the_three_forms_say_the_same(name, documents):
    text, markdown, page = (render(documents[name], form) for form in FORMS)
    seen = html.document_fromstring(page).text_content()
    for section in documents[name].sections:
        assert section.title in text
        assert section.title in seen
        for block in section.blocks:
            ids = [block.id] if isinstance(block, Card) else [row.id for row in block.rows if row.id]
            for one in ids:
                assert one in text
                assert one in markdown
                assert one in seen


@pytest.mark.parametrize("name", ["conflicts", "parity", "coverage", "contents"])
def test_markdown_tables_have_as_many_cells_as_columns(name, documents):
    width = None
    for line in render(documents[name], "markdown").splitlines():
        if not line.startswith("|"):
            width = None
            continue
        cells = len(re.findall(r"(?<!\\)\|", line)) - 1
        width = width or cells
        assert cells == width, line


def test_text_is_no_wider_than_a_terminal(documents):
    for document in documents.values():
        too_wide = [line for line in render(document, "text").splitlines() if len(line) > 200]
        assert all("http" in line or " " not in line.strip() for line in too_wide)
