"""Asks the finished command, as a user would. Known answers stand beside the contract files and import nothing of their package.

A question that the command can't answer fails the test that asked it; so does an answer that isn't the only one.
"""

import json
from functools import cache

from typer.testing import CliRunner

from testcall.cli import app


@cache
def explain(contract, name):
    """All that `testcall spec explain --json` finds by that name in a contract; an empty list where nothing goes by it."""
    result = CliRunner().invoke(app, ["spec", "explain", "--json", "--contract", contract, name])
    if result.exit_code == 0:
        return json.loads(result.stdout)["found"]
    assert "nothing in the contracts is called" in str(result.exception), result.exception
    return []


def only(found, what):
    assert len(found) == 1, f"{what}: {len(found)} answers, not one"
    return found[0]


def setting(contract, name, of):
    """The setting of a settings object, by the names of the documents."""
    found = [e for e in explain(contract, name) if e["kind"] == "setting" and e["object"]["name"] == of]
    return only(found, f"setting {name} of {of}")


def event(contract, name):
    return only([e for e in explain(contract, name) if e["kind"] == "event"], f"event {name}")


def operation(contract, name, first=None):
    """The operation; ``first`` is the name of its first parameter, where a name is overloaded."""
    found = [e for e in explain(contract, name) if e["kind"] == "operation" and "deprecated" not in e]
    if first is not None:
        found = [e for e in found if e["parameters"] and e["parameters"][0]["name"] == first]
    return only(found, f"operation {name}")


def codes(contract, name):
    """Everything for which an error code stands: condition in our words → its entry."""
    return {e["condition"]: e for e in explain(contract, name) if e["kind"] == "error"}


def carried(entry):
    """The codes with which an operation may fail."""
    return {error["code"] for error in entry["errors"]}


def parameters(entry):
    return [parameter["name"] for parameter in entry["parameters"]]


def shapes(entry):
    """The shapes of the arguments that an event's callback gets."""
    return [argument["shape"] for argument in entry["payload"]]


def promised(entry, rule, **arguments):
    """The clauses under an entry by that rule that have these arguments; fails where there is none."""
    found = [p for p in entry["promises"] if p["kind"] == "clause" and p["rule"] == rule and _has(p, arguments)]
    assert found, f"{entry['name']}: no clause {rule} {arguments or ''}"
    return found[0]


def unpromised(entry, rule, **arguments):
    """Whether no clause says so."""
    return not [p for p in entry["promises"] if p["kind"] == "clause" and p["rule"] == rule and _has(p, arguments)]


def conflict(entry, rule, **arguments):
    """The alternatives of the one conflict by that rule and with these arguments: what each side says, by its arguments."""
    found = [p for p in entry["promises"] if p["kind"] == "conflict" and p["rule"] == rule and _has(p, arguments)]
    return [side.get("arguments", {}) for side in only(found, f"conflict {rule} of {entry['name']}")["alternatives"]]


def silent(entry, rule, **arguments):
    """The contract says of itself that no source tells."""
    found = [p for p in entry["promises"] if p["kind"] == "silence" and p["rule"] == rule and _has(p, arguments)]
    return bool(found)


def must(clause):
    """A clause that a page states, and that counts."""
    return clause["level"] == "must" and clause["basis"] == "documented" and clause["counts"]


def should(clause):
    """A clause that counts as advice only."""
    return clause["level"] == "should" and clause["basis"] == "documented" and clause["counts"]


def page(clause):
    """Title and heading of the page that a clause stands on."""
    return clause["source"]["title"], clause["source"].get("heading")


def _has(promise, arguments):
    given = promise.get("arguments") or {}
    return all(given.get(name) == value for name, value in arguments.items())
