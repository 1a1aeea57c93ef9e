"""Plans: which promises are asked of which build, which aren't and why, and which scenes they share."""

from __future__ import annotations

import dataclasses

import pytest
from played import V4, V5, everything

from testcall_conformance.checks import Question
from testcall_conformance.plan import Selection, make_plan, question_of, task_of
from testcall_conformance.versions import older, parse, too_new
from testcall_contract.loader import load
from testcall_contract.promises import promises

CONTRACT = load(V4)


def operations(contract):
    return [op.name for op in contract.operations.values()]


def plan(contract=CONTRACT, selection=None, **capabilities):
    description = everything(contract, *operations(contract))
    description = description.model_copy(
        update={"capabilities": description.capabilities.model_copy(update=capabilities)}
    )
    return make_plan(contract, description, selection or Selection(), "b")


def some(**wanted):
    return next(p for p in promises(CONTRACT) if all(getattr(p, k) == v for k, v in wanted.items()))


@pytest.mark.parametrize("version", [V4, V5])
def test_every_promise_is_in_the_plan_once(version):
    contract = load(version)
    planned = [task.promise for unit in plan(contract) for task in unit.tasks]
    assert sorted(planned) == sorted(p.id for p in promises(contract))


@pytest.mark.parametrize("version", [V4, V5])
def test_what_is_not_run_says_why(version):
    idle = next(unit for unit in plan(load(version)) if unit.group == "not-run")
    assert idle.scenes == ()
    assert all(task.not_run and task.not_run.reason for task in idle.tasks)


def test_a_scene_is_in_one_unit_only():
    seen = [scene for unit in plan() for scene in unit.scenes]
    assert len(seen) == len(set(seen))


def test_promises_that_share_a_scene_are_in_one_unit():
    for unit in plan():
        assert {scene for task in unit.tasks for scene in task.scenes} == set(unit.scenes)


def test_the_longest_unit_comes_first():
    from testcall_conformance.plan import weight

    weights = [weight(unit.scenes) for unit in plan() if unit.scenes]
    assert weights == sorted(weights, reverse=True)


def test_untestable_is_by_choice_and_a_missing_test_is_not():
    untestable = task_of(
        question_of(next(p for p in promises(CONTRACT) if p.untestable), CONTRACT, everything(CONTRACT))
    )
    assert untestable.not_run is not None
    assert untestable.not_run.by_choice
    wanting = next(p for p in promises(CONTRACT) if p.needs_test and p.rule != "limit.value")
    missing = task_of(question_of(wanting, CONTRACT, everything(CONTRACT)))
    assert missing.not_run is not None
    assert not missing.not_run.by_choice


def test_a_rule_without_a_check_is_not_run():
    odd = dataclasses.replace(some(rule="operation.exists"), rule="operation.is_nice")
    task = task_of(question_of(odd, CONTRACT, everything(CONTRACT)))
    assert task.not_run is not None
    assert "no check" in task.not_run.reason


def test_what_needs_a_clock_or_the_interface_is_asked_only_of_who_has_it():
    def reasons(**capabilities):
        return {t.promise: t.not_run.reason for u in plan(**capabilities) for t in u.tasks if t.not_run}

    full = reasons()
    for name in ("ui", "clock", "observe"):
        blind = reasons(**{name: False})
        lost = {reason for key, reason in blind.items() if key not in full}
        assert any(f"'{name}'" in reason for reason in lost), name


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(clauses=("JS4-INIT-0*",)), lambda p: p.id.startswith("JS4-INIT-0")),
        (Selection(families=("media*",)), lambda p: p.family.startswith("media")),
        (Selection(exact=frozenset({"JS4-S25"})), lambda p: p.id == "JS4-S25"),
    ],
)
def test_selections(selection, expected):
    planned = {task.promise for unit in plan(selection=selection) for task in unit.tasks}
    assert planned == {p.id for p in promises(CONTRACT) if expected(p)}
    assert planned or selection.families


# --- versions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [("4.2.6", (4, 2, 6)), ("4.10", (4, 10)), (">5.0.0 <=5.0.2", (5, 0, 2)), ("5.0.4-beta.2", (5, 0, 4)), ("next", None), ("", None)],
)  # fmt: skip
def test_versions_are_read(text, parts):
    assert parse(text) == parts


@pytest.mark.parametrize(
    ("version", "since", "expected"),
    [
        ("4.0.12", "4.1", True),
        ("4.0.12", "4.0.9", False),
        ("4.0.9", "4.0.12", True),
        ("4.10.0", "4.9.0", False),
        ("4.1", "4.1.0", False),
        ("5.0.1", ">5.0.0 <=5.0.2", True),
        ("5.0.2", ">5.0.0 <=5.0.2", False),
        ("", "4.1", False),
        ("4.1", "soon", False),
    ],
)
def test_versions_compare_number_by_number(version, since, expected):
    assert older(version, since) is expected


def asked(version, since, **more):
    one = dataclasses.replace(some(rule="operation.exists"), since=since, **more)
    return Question(one, CONTRACT, everything(CONTRACT, version=version), dict(one.args))


def test_a_promise_that_came_later_is_not_asked():
    refused = too_new(asked("4.0.12", "4.1.0"))
    assert refused is not None
    assert refused.attribution == "sdk"
    assert refused.reason == "since 4.1.0; the build is 4.0.12"
    assert too_new(asked("4.2.6", "4.1.0")) is None
    assert too_new(asked("4.0.12", None)) is None


def test_the_version_of_another_major_says_nothing():
    assert too_new(asked("1.0.0", "4.1.0")) is None


def test_what_an_argument_names_may_be_too_new_as_well():
    key, event = next((k, e) for k, e in CONTRACT.events.items())
    newer = CONTRACT.model_copy(update={"events": CONTRACT.events | {key: event.model_copy(update={"since": "4.2.0"})}})
    one = dataclasses.replace(some(rule="operation.exists"), args={"event": key})
    assert too_new(Question(one, newer, everything(newer, version="4.1.0"), one.args)) is not None
    assert too_new(Question(one, newer, everything(newer, version="4.2.0"), one.args)) is None
