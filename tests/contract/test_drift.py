"""``spec drift`` tells which sentences under the contracts changed, moved or vanished, and accuses nobody else."""

import json

import pytest
from tiny_contract import edited, write
from typer.testing import CliRunner

from testcall.cli import app
from testcall_contract.document import render
from testcall_contract.drift import drift, drift_document, normalise, page_hashes, sentence_hash
from testcall_contract.errors import ContractError
from testcall_contract.loader import load_file

PAGE = """\
---
title: "Page"
description: A page about joining.
---

## Join

Use the `join()` method. It **fails** with a bad token, which
is told by a [code](/codes#bad). Another sentence follows.

A token has a session — it is for that one only — and a user. It has no end.

1. First make a token
2. Then join with it;
   both are needed

<Note>
A second join is refused.
</Note>

| Setting | Default | Meaning |
| ------- | ------- | ------- |
| `idle`  | 60      | Seconds until the end \\| never |
| `fit`   | whole   | Whole: all of it.<br />Filled: a part of it. |

```js
await Tiny.join(
  token
);
```
"""

SENTENCES = {
    "a sentence": "It **fails** with a bad token, which is told by a [code](/codes#bad).",
    "a sentence in other markup": "It fails with a bad token, which is told by a code",
    "a heading": "## Join",
    "a paragraph": "Use the `join()` method. It **fails** with a bad token, which\nis told by a [code](/codes#bad). Another sentence follows.",
    "two sentences": "It fails with a bad token, which is told by a code. Another sentence follows.",
    "a list item": "First make a token",
    "an item of two lines": "Then join with it; both are needed",
    "half an item": "both are needed",
    "a sentence with dashes": "A token has a session — it is for that one only — and a user.",
    "what stands before a dash": "A token has a session",
    "a line of a cell": "Whole: all of it.",
    "the next line of a cell": "Filled: a part of it.",
    "a note": "A second join is refused.",
    "a table row": "| `idle` | 60 | Seconds until the end \\| never |",
    "a cell": "Seconds until the end \\| never",
    "front matter": "A page about joining",
    "a line of code": "await Tiny.join(",
    "lines of code": "await Tiny.join(\n  token\n);",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_what_a_clause_may_stand_on_is_found_in_a_page(name):
    assert sentence_hash(SENTENCES[name]) in page_hashes(PAGE)


@pytest.mark.parametrize(
    "absent", ["It succeeds with a bad token.", "Then join", "a second", "| `idle` | 61 | Seconds until the end |"]
)
def test_what_a_page_does_not_say_is_not_found(absent):
    assert sentence_hash(absent) not in page_hashes(PAGE)


def test_strings_of_a_json_document_are_found():
    text = json.dumps({"paths": {"/x": [{"description": "Lists calls. At most `100` come."}]}})
    assert sentence_hash("At most 100 come.") in page_hashes(text, is_json=True)
    assert page_hashes("{", is_json=True) == frozenset()


def test_normalising_forgets_markup_case_and_white_space():
    assert normalise("**The**  `x`\n[link](u):") == "the x link"
    assert sentence_hash("A  b.") == sentence_hash("a B")


def contract(folder, sentence, *edits):
    """The small contract, whose first clause stands on ``sentence`` of page.mdx under Join, and no other on a hash."""
    text = edited(*edits).replace("0123456789ab", sentence_hash(sentence), 1).replace(', hash: "0123456789ab"', "")
    return load_file(write(folder, text))


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "page.mdx").write_text(PAGE)
    return folder


def test_a_sentence_that_is_there_has_not_drifted(tmp_path, checkout):
    found = drift([contract(tmp_path, SENTENCES["a sentence"])], checkout)
    assert (found.compared, found.drifted) == (1, ())


def test_a_changed_sentence_is_told_with_what_is_left_of_its_place(tmp_path, checkout):
    one = contract(tmp_path, SENTENCES["a sentence"])
    (checkout / "page.mdx").write_text(PAGE.replace("fails", "succeeds"))
    (drifted,) = drift([one], checkout).drifted
    assert (drifted.id, drifted.change, drifted.where) == ("T1-JOIN-010", "changed", "its heading is still there")
    (checkout / "page.mdx").write_text("nothing is left")
    (drifted,) = drift([one], checkout).drifted
    assert drifted.where == "its heading is gone, too"


def test_a_sentence_on_another_page_has_moved(tmp_path, checkout):
    other = (
        "skill: {title: Skill, path: skills/one.md, authority: secondary, kind: skill}",
        "skill: {title: New, path: new.mdx}",
    )
    alternative = (
        "source: types#join, args: {how: resolved}",
        f'source: skill#join, hash: "{sentence_hash("new")}", args: {{how: resolved}}',
    )
    one = contract(tmp_path, SENTENCES["a sentence"], other, alternative)
    (checkout / "page.mdx").write_text("new")
    (checkout / "new.mdx").write_text(PAGE)
    changes = {found.id: (found.change, found.where) for found in drift([one], checkout).drifted}
    assert changes == {"T1-JOIN-010": ("moved", "now in new.mdx"), "T1-C01, resolves": ("moved", "now in page.mdx")}


def test_a_page_that_vanished_is_told_and_a_document_of_another_repository_is_not(tmp_path, checkout):
    other_page = ("types: {title: Types, version: 1.0.0, kind: types}", "types: {title: Kept, path: page.mdx}")
    declared = ("basis: declared, source: types#join", f'source: types#Join, hash: "{sentence_hash("Join")}"')
    text = edited(("path: page.mdx", "path: gone.mdx"), other_page, declared)
    text = text.replace("0123456789ab", sentence_hash("not there"), 1).replace(', hash: "0123456789ab"', "")
    found = drift([load_file(write(tmp_path, text))], checkout)
    assert [(one.id, one.change) for one in found.drifted] == [("T1-JOIN-010", "page missing")]
    assert found.compared == 2
    text = text.replace("https://docs.example/page", "https://github.com/other/repository/blob/main/gone.mdx")
    found = drift([load_file(write(tmp_path, text))], checkout)
    assert found.drifted == ()
    assert found.elsewhere == ("gone.mdx",)


def test_the_wrong_folder_is_told_in_one_line(tmp_path, checkout):
    one = contract(tmp_path, "x")
    with pytest.raises(ContractError, match="is no folder"):
        drift([one], tmp_path / "none")
    (checkout / "page.mdx").unlink()
    with pytest.raises(ContractError, match=r"has none of the 1 documents that the contracts cite, such as page\.mdx"):
        drift([one], checkout)


def test_a_page_that_is_no_text_does_no_harm(tmp_path, checkout):
    (checkout / "page.mdx").write_bytes(bytes(range(256)) * 1000)
    assert len(drift([contract(tmp_path, "x")], checkout).drifted) == 1


def test_the_document_names_clause_page_and_change(tmp_path, checkout):
    found = drift([contract(tmp_path, "not there")], checkout)
    text = render(drift_document(found, "docs"), "text")
    for word in (
        "T1-JOIN-010",
        "page.mdx",
        "changed: its heading is still there",
        "1 sentences on which clauses stand",
    ):
        assert word in text


def test_the_command_ends_with_1_when_something_drifted(tmp_path, checkout):
    done = CliRunner().invoke(app, ["spec", "drift", str(tmp_path / "none")])
    assert done.exit_code != 0
    target = checkout / "calls" / "v4" / "javascript"
    target.mkdir(parents=True)
    (target / "setup.mdx").write_text("another page")
    done = CliRunner().invoke(app, ["spec", "drift", str(checkout), "--contract", "calls/javascript-v4"])
    assert done.exit_code == 1
    assert "JS4-INIT-010" in done.stdout
