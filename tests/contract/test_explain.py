"""``spec explain`` finds things by every name they go by, and says all that a contract says about them."""

import json

import pytest
from typer.testing import CliRunner

from testcall.cli import app
from testcall_contract.errors import ContractError
from testcall_contract.explain import explain
from testcall_contract.explain_text import explanation_text
from testcall_contract.loader import contract_names, load
from testcall_contract.promises import items, promises

V4, V5 = "calls/javascript-v4", "calls/javascript-v5"


def only(query, contract=None):
    found = explain(query, contract)["found"]
    assert len(found) == 1, [entry["kind"] for entry in found]
    return found[0]


def test_a_clause_is_found_by_its_id_in_any_case():
    assert only("JS4-JOIN-010") == only("js4-join-010")
    entry = only("JS4-JOIN-010")
    assert entry["kind"] == "clause"
    assert entry["counts"] is True
    assert entry["source"]["link"].endswith("/call-session#start-call-session")
    assert entry["source"]["revision"]


def test_a_conflict_has_every_side_with_its_source():
    entry = only("JS5-C36")
    assert entry["kind"] == "conflict"
    assert [a["id"] for a in entry["alternatives"]] == ["180000", "120000"]
    assert all(a["source"]["heading"] and a["source"]["revision"] for a in entry["alternatives"])
    assert entry["means"]


def test_a_silence_never_counts():
    entry = only("JS4-S01")
    assert (entry["kind"], entry["counts"]) == ("silence", False)
    assert "level" not in entry
    assert "source" not in entry


def test_an_operation_says_how_it_delivers_and_fails():
    entry = only("generateToken", V4)
    assert entry["concept"] == "generate_token"
    assert [p["name"] for p in entry["parameters"]] == ["sessionID", "authToken"]
    assert entry["delivers"]["success"]["ends"] == ["resolved"]
    assert entry["delivers"]["failure"]["ends"] == ["rejected"]
    assert "INVALID_ARGUMENT_EXCEPTION" in {e["code"] for e in entry["errors"]}
    kinds = {p["kind"] for p in entry["promises"]}
    assert kinds == {"clause", "silence"}
    assert "JS4-ERR-095" in {p["id"] for p in entry["promises"]}, (
        "what stands under a code belongs to the operation, too"
    )


def test_a_setting_is_found_by_its_setter_its_getter_and_its_concept():
    by_setter, of_presentations = explain("setIdleTimeoutPeriod", V4)["found"]
    assert of_presentations["object"]["concept"] == "presenter_settings"
    assert by_setter["default"] == 180
    assert by_setter["has_default"] is True
    assert by_setter["unit"] == "s"
    assert by_setter["object"]["form"] == "builder"
    assert by_setter in explain("getIdleTimeoutPeriod", V4)["found"]
    assert by_setter in explain("idle_timeout", V4)["found"]
    assert by_setter == only("session_settings.idle_timeout", V4)


def test_a_default_of_false_is_a_default():
    entry = only("startAudioMuted", V5)
    assert entry["default"] is False
    assert entry["has_default"] is True


def test_an_event_says_what_it_brings_and_to_whom():
    entry = only("onUserMuted", V4)
    assert entry["audience"] == "all"
    assert entry["payload"] == [{"name": "event", "shape": "mute_event"}]
    assert "addCallEventListener" in {way.get("registered_by") for way in entry["via"]}


def test_a_code_of_several_conditions_is_told_for_each():
    found = explain("INVALID_CALL_APP_SETTINGS", V4)["found"]
    assert len(found) > 3
    assert all(entry["operations"] for entry in found)
    assert {"app_id_invalid", "region_invalid"} <= {entry["condition"] for entry in found}


def test_a_concept_is_told_for_every_dialect():
    assert {entry["contract"] for entry in explain("join_session")["found"]} >= {V4, V5}


@pytest.mark.parametrize(
    ("wrong", "near"), [("joinSesion", "joinSession"), ("JS4-JOIN-01", "JS4-JOIN-010"), ("ONUSERMUTD", "onUserMuted")]
)
def test_a_near_miss_is_told_what_is_near(wrong, near):
    with pytest.raises(ContractError, match=f"near are: .*{near}"):
        explain(wrong)


def test_what_is_near_nothing_is_told_where_to_look():
    with pytest.raises(ContractError, match="spec show"):
        explain("§§§")


@pytest.mark.parametrize("name", contract_names())
def test_everything_of_a_contract_can_be_explained(name):
    """As JSON and as text: what stands under each kind of thing, and every tenth promise by its id."""
    contract = load(name)
    first_of = {
        (subject.kind, subject.object): subject.name for subject, _ in items(contract) if subject.kind != "media"
    }
    queries = {p.id for p in promises(contract)[::10]} | set(first_of.values()) - {"session"}
    for query in sorted(queries):
        found = explain(query, name)
        json.dumps(found, allow_nan=False)
        assert query.lower() in explanation_text(found).lower()


def test_the_command_prints_text_or_json():
    plain = CliRunner().invoke(app, ["spec", "explain", "startSession", "--contract", V4])
    assert plain.exit_code == 0
    assert "startSession  (operation join_session of calls/javascript-v4)" in plain.stdout
    as_json = CliRunner().invoke(app, ["spec", "explain", "startSession", "--contract", V4, "--json"])
    assert json.loads(as_json.stdout)["found"][0]["concept"] == "join_session"
