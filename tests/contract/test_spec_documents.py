"""What ``spec conflicts``, ``parity``, ``coverage`` and ``schema`` say."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tiny_contract import TINY, edited, write
from typer.testing import CliRunner

from testcall.cli import app
from testcall_contract.conflicts import conflicts_document
from testcall_contract.contents import KINDS, contents_document, standing_on
from testcall_contract.coverage import coverage_document, covered
from testcall_contract.document import Card, render
from testcall_contract.loader import contract_names, load, load_core, load_file
from testcall_contract.parity import parity_document
from testcall_contract.promises import promises
from testcall_contract.rules import RULES
from testcall_contract.schema import contract_schema, schema_text
from testcall_reports.record import RunLine, VerdictLine
from testcall_reports.writer import write_lines

ROOT = Path(__file__).parents[2]
BOUND = frozenset(name for name, rule in RULES.items() if not rule.needs_test)


def run(*args):
    return CliRunner().invoke(app, ["spec", *args])


# --- conflicts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", contract_names())
def test_every_conflict_is_told_with_every_side_its_document_and_its_revision(name):
    contract = load(name)
    document = conflicts_document([contract])
    cards = {b.id: b for section in document.sections for b in section.blocks if isinstance(b, Card)}
    conflicts = [promise for promise in promises(contract) if promise.kind == "conflict"]
    assert set(cards) == {promise.id for promise in conflicts}
    for promise in conflicts:
        card = cards[promise.id]
        told = render(document, "text")
        assert promise.means
        assert promise.means.split()[0] in told
        assert len(card.blocks[0].rows) == len(promise.alternatives) >= 2
        for alternative, row in zip(promise.alternatives, card.blocks[0].rows, strict=True):
            assert row.cells[0][0].text == alternative.says
            where = "".join(span.text for span in row.cells[1])
            source = contract.sources[alternative.source.partition("#")[0]]
            assert source.title in where
            assert alternative.source.partition("#")[2] in where
            assert (source.revision or source.version or "") in where
            if source.kind == "page":
                assert row.cells[1][0].link.startswith(source.url)


def test_every_silence_is_told(tmp_path):
    text = render(conflicts_document([load_file(write(tmp_path))]), "text")
    assert "T1-S01" in text
    assert "What a second join does." in text


def test_the_pages_to_mend_are_listed(tmp_path):
    document = conflicts_document([load_file(write(tmp_path))])
    pages = next(section for section in document.sections if section.title == "Documents to mend")
    assert [row.cells[0][0].text for row in pages.blocks[0].rows] == ["Page", "Types"]
    assert [row.cells[2][0].text for row in pages.blocks[0].rows] == ["T1-C01", "T1-C01"]


# --- parity ----------------------------------------------------------------------------------------------------------


def line_of(document, concept):
    """The cells of a concept's row as texts, and its marks."""
    for section in document.sections:
        for block in section.blocks:
            for row in block.rows:
                if section.id != "differences" and "".join(s.text for s in row.cells[0]) == concept:
                    return ["".join(span.text for span in cell) for cell in row.cells], row.marks
    raise AssertionError(f"no row {concept}")


def pair(tmp_path, *edits):
    """The parity of the small contract with an edited one."""
    other = edited(("calls/tiny-v1", "calls/other-v1"), *edits)
    contracts = [load_file(write(tmp_path)), load_file(write(tmp_path, other, "other-v1.yaml"))]
    return parity_document(contracts, load_core())


def test_the_same_default_in_another_unit_is_the_same_default(tmp_path):
    cells, marks = line_of(
        pair(
            tmp_path,
            (
                "default: 60, minimum: 30, maximum: 90, unit: s",
                "default: 60000, minimum: 30000, maximum: 90000, unit: ms",
            ),
        ),
        "session_settings.idle_timeout",
    )
    assert cells[3] == "different unit"
    assert "default 60 s" in cells[1]
    assert "default 60000 ms" in cells[2]
    assert marks[1] == "differs"


def test_another_default_is_marked(tmp_path):
    cells, _ = line_of(pair(tmp_path, ("default: 60,", "default: 61,")), "session_settings.idle_timeout")
    assert cells[3] == "different default"


def test_hidden_false_is_shown_true(tmp_path):
    same = (
        "showEndCall, type: boolean, default: true, effect: {kind: control_shown",
        "hideEndCall, type: boolean, default: false, effect: {kind: control_hidden",
    )
    cells, marks = line_of(pair(tmp_path, same), "session_settings.end_call_button")
    assert cells[3] == ""
    assert marks[1] == ""
    other = (same[0], same[1].replace("default: false", "default: true"))
    cells, _ = line_of(pair(tmp_path, other), "session_settings.end_call_button")
    assert cells[3] == "different default"


def test_a_gap_is_marked_and_named(tmp_path):
    cells, marks = line_of(
        pair(tmp_path, ("      idle_timeout:", "      idle_after_prompt:")), "session_settings.idle_timeout"
    )
    assert cells[3] == "missing in other-v1"
    assert marks[2] == "gap"


def test_another_code_is_marked(tmp_path):
    cells, _ = line_of(pair(tmp_path, ("code: BAD_TOKEN", "code: WRONG_TOKEN")), "call_token_invalid")
    assert cells[1:] == ["BAD_TOKEN", "WRONG_TOKEN", "different code"]


def test_events_and_operations_are_compared_by_what_they_bring_and_take(tmp_path):
    document = pair(
        tmp_path,
        ("payload: [{name: token, shape: {type: token}}]", "payload: []"),
        ("{concept: call_token, name: token, type: string}", "{concept: session_id, name: id, type: string}"),
        ("parameter: call_token", "parameter: session_id"),
    )
    assert line_of(document, "session_joined")[0][3] == "different number of arguments"
    assert line_of(document, "join_session")[0][3] == "different what it takes"


def test_what_is_the_same_everywhere_is_not_marked(tmp_path):
    document = pair(tmp_path)
    differing = next(section for section in document.sections if section.id == "differences")
    assert not differing.blocks


def test_every_setting_code_event_and_operation_has_a_row():
    contracts = [load(name) for name in contract_names() if name.startswith("calls/")]
    text = render(parity_document(contracts, load_core()), "markdown")
    for contract in contracts:
        for keys in (contract.errors, contract.events, contract.operations, contract.limits):
            assert [key for key in keys if f"| `{key}` |" not in text] == []
        for name, holder in contract.settings.items():
            assert [key for key in holder.members if f"| `{name}.{key}` |" not in text] == []


# --- coverage --------------------------------------------------------------------------------------------------------


def states(tmp_path, text=TINY, proofs=None, rules=None):
    contract = load_file(write(tmp_path, text))
    return {one.promise.id: one.state for one in covered(contract, rules or BOUND, proofs or {})}


def test_a_promise_with_a_check_is_checked_and_silences_are_not_counted(tmp_path):
    found = states(tmp_path)
    assert set(found.values()) == {"checked"}
    assert "T1-S01" not in found


def test_reasons_make_states(tmp_path):
    text = edited(
        ('text: "There is join."', 'text: "There is join.", needs_test: later'),
        ('text: "join fails with a bad token."', 'text: "join fails with a bad token.", untestable: never'),
        ('text: "One can join again."', 'text: "One can join again.", acceptance_only: so far'),
    )
    found = states(tmp_path, text, rules=BOUND - {"event.fires"})
    assert found["T1-JOIN-010"] == "needs_test"
    assert found["T1-JOIN-020"] == "untestable"
    assert found["T1-SESSION-010"] == "acceptance_only"
    assert found["T1-JOINED-010"] == "needs_test"


@pytest.mark.parametrize("proof", ["real_build", "behaviour_mutant", "operator_only", "unproven"])
def test_a_record_tells_how_far_a_check_is_proven(proof, tmp_path):
    assert states(tmp_path, proofs={"T1-JOIN-010": proof})["T1-JOIN-010"] == proof


def record(path, *proofs):
    """A run record with a verdict about JS4-JOIN-010 for each of ``proofs``."""
    lines = [RunLine(seq=1, suite_version="0", started_at=datetime(2026, 11, 20, tzinfo=UTC))]
    for number, proof in enumerate(proofs, 2):
        lines.append(
            VerdictLine(
                seq=number,
                build=f"b{number}",
                contract="calls/javascript-v4",
                clause="JS4-JOIN-010",
                text="t",
                verdict="pass",
                proof=proof,
            )
        )
    write_lines(path, lines)
    return path


@pytest.mark.parametrize(
    ("proofs", "said"),
    [(("unproven",), "not shown able to fail"), (("operator_only", "real_build", "unproven"), "shown on a real build")],
)
def test_the_best_proof_of_all_records_is_told(proofs, said, tmp_path):
    first = record(tmp_path / "one.jsonl", *proofs)
    second = record(tmp_path / "two.jsonl", "unproven")
    done = run("coverage", "--contract", "calls/javascript-v4", "--record", str(first), "--record", str(second))
    assert done.exit_code == 0, done.output
    assert said in done.stdout
    assert "with the proofs of a run record" in done.stdout


def test_the_counts_add_up():
    contracts = [load(name) for name in contract_names()]
    document = coverage_document(contracts, BOUND)
    overview = document.sections[0].blocks[0]
    for row in overview.rows:
        numbers = [int(cell[0].text) for cell in row.cells[1:] if cell[0].text != "·"]
        assert numbers[0] == sum(numbers[1:])


# --- contents ---------------------------------------------------------------------------------------------------------


def test_the_published_contents_are_current():
    published = (ROOT / "docs" / "contents.md").read_text()
    contracts = [load(name) for name in contract_names()]
    made = render(contents_document(contracts), "markdown")
    assert published == made, "write it anew: testcall spec contents --format markdown --out docs/contents.md"


def test_each_kind_is_counted(tmp_path):
    contract = load_file(write(tmp_path))
    counted = {kind: count(contract) for kind, count in KINDS.items()}
    assert counted == {
        "operations": 2, "settings": 4, "events": 1, "listeners": 1, "types": 1, "enumerations": 1, "error codes": 1,
        "constants": 1, "numbers": 2, "clauses": 5, "conflicts": 1, "silences": 1, "left out": 1,
    }  # fmt: skip


def test_a_source_is_counted_by_what_stands_on_it(tmp_path):
    assert standing_on(load_file(write(tmp_path))) == {"page": 7, "types": 3, "run": 1}


def test_what_is_left_out_is_told_with_its_reason(tmp_path):
    text = render(contents_document([load_file(write(tmp_path))]), "text")
    assert "What the app does." in text
    assert "It is the app's." in text


# --- schema ----------------------------------------------------------------------------------------------------------


def test_the_published_schema_is_current():
    published = (ROOT / "docs" / "schemas" / "contract.json").read_text()
    assert published == schema_text(), "write it anew: testcall spec schema --out docs/schemas/contract.json"


def test_the_schema_knows_the_rules():
    schema = contract_schema()
    named = {one["const"] for one in schema["$defs"]["Clause"]["properties"]["rule"]["oneOf"]}
    assert named == set(RULES)
    assert json.loads(schema_text()) == schema


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["conflicts", "parity", "coverage", "contents"])
@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_document_is_written_in_each_form(command, form, tmp_path):
    out = tmp_path / "deep" / f"page.{form}"
    done = run(command, "--format", form, "--out", str(out))
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(out)
    start = {"text": "", "markdown": "# ", "html": "<!DOCTYPE html>"}[form]
    assert out.read_text().startswith(start)
    printed = run(command, "--format", form)
    assert printed.stdout == out.read_text()


def test_contracts_can_be_chosen_by_globs():
    assert "calls/javascript-v5" not in run("conflicts", "--contract", "calls/javascript-v4").stdout
    unknown = run("conflicts", "--contract", "nothing/*")
    assert unknown.exit_code == 2
    assert "there are calls/" in unknown.output


def test_check_says_how_many_problems_there_are(tmp_path):
    assert run("check", str(write(tmp_path))).stdout == "the contracts are sound\n"
    broken = run("check", str(write(tmp_path, edited(("bad: empty", "bad: awful")))))
    assert broken.exit_code == 1
    assert broken.stdout.endswith("1 problems\n")


def test_show_lists_contracts_and_their_promises():
    assert run("show").stdout.splitlines() == contract_names()
    assert len(run("show", "calls/javascript-v4").stdout.splitlines()) == len(promises(load("calls/javascript-v4")))


def test_schema_prints_the_schema():
    assert run("schema").stdout == schema_text()
