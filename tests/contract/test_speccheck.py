"""``spec check`` finds each kind of mistake, and only that: one contract for each, which breaks just the one rule."""

import pytest
from tiny_contract import TINY, edited, write

from testcall_contract.loader import spec_root
from testcall_contract.rules import RULES
from testcall_contract.speccheck import MOST, check_contracts

JOIN_010 = '{id: T1-JOIN-010, rule: operation.exists, source: page#Join, hash: "0123456789ab", text: "There is join."}'
JOIN_020 = "rule: operation.requires, args: {condition: call_token_invalid}, source: page#Join"
REFUSES = "rule: operation.refuses, args: {parameter: call_token, bad: empty}, basis: declared"
FIRES = "rule: event.fires, args: {cause: join}"
SESSION = "rule: session.rejoin, level: info, basis: assumed, source: run"

BOUND = frozenset(name for name, rule in RULES.items() if not rule.needs_test)
"""The rules that have a check, as the contract package itself sees it."""

BROKEN = {
    # ids
    "an id twice": (("T1-JOIN-020", "T1-JOIN-010"), "the id T1-JOIN-010 stands in this contract already"),
    "an id of another contract": (("T1-JOIN-020", "X1-JOIN-020"), "the id X1-JOIN-020 begins with X1, others here with T1"),
    "an id of another form": (("T1-JOIN-020", "join 20"), "operations.join_session.clauses.1.id: string should match pattern"),
    # rules, arguments, words
    "an unknown rule": (("rule: operation.exists", "rule: operation.exist"), "unknown rule 'operation.exist'; did you mean 'operation.exists'?"),
    "a rule of another item": ((FIRES, "rule: operation.exists"), "rule operation.exists belongs under operation, not under event"),
    "a missing argument": ((FIRES, "rule: event.fires"), "rule event.fires needs the argument 'cause'"),
    "an unknown argument": ((FIRES, "rule: event.fires, args: {cause: join, twice: true}"), "rule event.fires takes no argument 'twice'"),
    "an unknown cause": ((FIRES, "rule: event.fires, args: {cause: thunder}"), "unknown cause 'thunder'"),
    "an unknown bad value": (("bad: empty", "bad: awful"), "unknown bad 'awful'"),
    "an unknown effect": (("{kind: layout_at_join}", "{kind: layout_at_jion}"), "unknown effect 'layout_at_jion'; did you mean 'layout_at_join'?"),
    "an unknown condition": (("args: {condition: call_token_invalid}", "args: {condition: call_token_bad}"), "unknown condition 'call_token_bad'"),
    "an unknown parameter": (("parameter: call_token, bad", "parameter: container, bad"), "unknown parameter of this operation 'container'"),
    "an unknown way to end": (("args: {how: rejected}", "args: {how: refused}"), "unknown way to end 'refused'"),
    "an unknown operation": ((JOIN_010, JOIN_010.replace("operation.exists", "operation.delegates, args: {to: rejoin}")), "unknown operation 'rejoin'"),
    "an unknown event": ((FIRES, "rule: event.order, args: {cause: join, before: session_lost}"), "unknown event 'session_lost'"),
    "an unknown media": ((SESSION, "rule: media.sends, args: {media: smell}, level: info, basis: assumed, source: run"), "unknown media 'smell'"),
    "an unknown subject of a payload": ((FIRES, "rule: event.payload, args: {cause: join, about: nobody}"), "unknown about 'nobody'; known: who"),
    "an unknown virtue of a token": ((SESSION, "rule: session.token, args: {about: colour}, level: info, basis: assumed, source: run"), "unknown about 'colour'"),
    "an unknown moment": ((JOIN_010, JOIN_010.replace("operation.exists", "operation.settles, args: {when: during}")), "unknown moment 'during'"),
    "an unknown control": (("{control: end_call,", "{control: audio,"), "unknown control of this contract 'audio'"),
    "an effect without its control": (("{control: end_call, under: {layout: GRID}}", "{}"), "the effect control_shown needs the argument 'control'"),
    "an effect under an unknown setting": (("under: {layout: GRID}", "under: {colour: GRID}"), "unknown setting of this object 'colour'"),
    "an effect at no value": (("{kind: layout_at_join}", "{kind: no_video, args: {when: [TILE]}}"), "'TILE' is none of the setting's values"),
    "a shape in an argument": ((FIRES, "rule: event.payload, args: {cause: join, shape: strnig}"), "unknown shape 'strnig'"),
    # checks
    "no check": ((SESSION, "rule: session.token, args: {about: early}, level: info, basis: assumed, source: run"), "rule session.token has no check"),
    "two reasons": ((SESSION, SESSION + ", needs_test: later, untestable: never"), "needs_test and untestable exclude each other"),
    "an empty reason": ((SESSION, SESSION + ', needs_test: " "'), "needs_test states a reason"),
    # sources, bases, levels
    "an unknown source": ((JOIN_020, JOIN_020.replace("page#Join", "pages#Join")), "unknown source 'pages'; did you mean 'page'?"),
    "an unknown source of an item": (("source: types#MODE", "source: type#MODE"), "unknown source 'type'; did you mean 'types'?"),
    "an unknown source of an alternative": (("source: types#join, args: {how: resolved}", "source: none#join, args: {how: resolved}"), "unknown source 'none'"),
    "a source without a document": (("{title: Types, version: 1.0.0, kind: types}", "{title: Types, kind: types}"), "the source 'types' names no document"),
    "an address without https": (("https://docs", "http://docs"), "an address begins with https://, not 'http://docs.example/page'"),
    "a basis that the source doesn't bear": (("basis: declared, source: types#join", "basis: declared, source: page#join"), "a clause that is declared stands on a source of kind types, not page"),
    "a documented clause on a run": ((JOIN_020, JOIN_020.replace("page#Join", "run")), "a clause that is documented stands on a source of kind page or"),
    "a must without its sentence": ((', hash: "0123456789ab", text: "There', ', text: "There'), "a documented must has the hash of the sentence on which it stands"),
    "a hash that is none": (('hash: "0123456789ab", text: "There', 'hash: "0123", text: "There'), "hash: string should match pattern"),
    "an assumed must": ((SESSION, SESSION.replace("info", "must")), "what is assumed never counts, so it can't be a must"),
    "an observed must": ((SESSION, SESSION.replace("info, basis: assumed", "must, basis: observed")), "what is observed never counts"),
    "a secondary must": ((JOIN_020, JOIN_020.replace("page#Join", "skill#Join")), "what stands on a secondary source is at most should"),
    "a secondary must in a conflict": (("source: types#join, args: {how: resolved}", "source: skill#join, args: {how: resolved}"), "what stands on a secondary source is at most should"),
    "an unknown level": (("level: info", "level: may"), "level: input should be 'must', 'should' or 'info'"),
    "an unknown basis": (("basis: assumed", "basis: guessed"), "basis: input should be 'documented'"),
    # conflicts
    "one alternative": (('          - {id: resolves, says: it resolves, source: types#join, args: {how: resolved}}\n', ""), "alternatives: list should have at least 2 items"),
    "an alternative twice": (("{id: resolves,", "{id: rejects,"), "the alternative 'rejects' stands twice"),
    "alternatives that can't be told apart": (("args: {how: resolved}}", "args: {how: rejected}}"), "the alternative 'resolves' has the same arguments as another"),
    "an observed alternative": (("source: types#join, args: {how: resolved}", "source: run, args: {how: resolved}"), "what a build was seen to do is never an alternative"),
    "an argument of an alternative": (("args: {how: resolved}", "args: {hwo: resolved}"), "rule operation.delivers_failure takes no argument 'hwo'"),
    # texts
    "a text without its full stop": (('"There is join."', '"There is join"'), "text is one sentence on one line"),
    # concepts and references
    "an unknown operation concept": (("settings:\n  session_settings:", "  leave_sesion: {name: go, delivers: {success: {how: returned}}}\nsettings:\n  session_settings:"), "unknown operation of core.yaml 'leave_sesion'; did you mean 'leave_session'?"),
    "an unknown setting concept": (("      idle_timeout:", "      idle_time:"), "unknown setting of core.yaml 'idle_time'"),
    "an unknown event concept": (("  session_joined:", "  session_jioned:"), "unknown event of core.yaml 'session_jioned'"),
    "an unknown parameter concept": (("{concept: session_settings, ", "{concept: settings, "), "unknown parameter of core.yaml 'settings'"),
    "an unknown control concept": (("  end_call: {names: [End]}", "  end_call: {names: [End]}\n  hang_up: {names: [Hang up]}"), "unknown control of core.yaml 'hang_up'"),
    "a condition that isn't required": (("requires: [call_token_invalid]", "requires: [call_token_bad]"), "unknown condition 'call_token_bad'"),
    "an error without a code": (("    errors: [call_token_invalid]", "    errors: [network_failure]"), "unknown condition with a code here 'network_failure'"),
    "an operation that delegates to none": (("    delivers: {success: {how: returned}}", "    delivers: {success: {how: returned}}\n    delegates_to: end"), "unknown operation 'end'"),
    "an event via no listener": (("via: [session_listener]", "via: [listener]"), "unknown listener 'listener'"),
    "an event of no cause": (("    cause: join\n", "    cause: jion\n"), "unknown cause 'jion'; did you mean 'join'?"),
    "a code of no operation": (("operations: [join_session], source", "operations: [join], source"), "unknown operation 'join'"),
    "a listener registered by none": (("register_with: join_session,", "register_with: listen,"), "unknown operation 'listen'"),
    "a listener in no setting": (("register_with: join_session, unregister_with: leave_session", "setting: session_settings.listener"), "no setting 'session_settings.listener'"),
    "a listener that nothing registers": (("register_with: join_session, unregister_with: leave_session", "keyed: true"), "neither an operation nor a setting registers this listener"),
    # shapes
    "a shape of a type": (("shape: {object: {token: string}}", "shape: {objects: {token: string}}"), "a shape is a word or a mapping with one of"),
    "a shape of a parameter": (("name: token, type: string}", "name: token, type: text}"), "unknown shape 'text'"),
    "a shape of a success": (("value: undefined}", "value: {type: tokn}}"), "unknown type 'tokn'"),
    "a shape of a failure": (("error: {object: {code: string}}", "error: {list: strings}"), "unknown shape 'strings'"),
    "a shape of a payload": (("shape: {type: token}", "shape: {type: tokn}"), "unknown type 'tokn'"),
    "a type that is itself": (("shape: {object: {token: string}}", "shape: {type: token}"), "the type token is nothing but another name of itself"),
    # operations
    "a parameter twice": (("name: settings, type: any", "name: token, type: any"), "parameters: the parameter 'token' stands twice"),
    "a gap in the parameters": (("name: token, type: string}", "name: token, type: string, optional: true}"), "a parameter after one that can be left out"),
    "a success with a code": (("success: {how: returned}", "success: {how: returned, code_at: code}"), "a success has no code and no message"),
    "no way to end": (("success: {how: returned}", "success: {how: []}"), "a delivery ends in at least one way"),
    # settings
    "a default outside the values": (("default: GRID", "default: TILE"), "the default 'TILE' is none of the values"),
    "a default below the minimum": (("default: 60", "default: 20"), "the default 20 is below the minimum 30"),
    "a default above the maximum": (("default: 60", "default: 100"), "the default 100 is above the maximum 90"),
    "a default of another type": (("type: boolean, default: true", "type: boolean, default: 'yes'"), "the default 'yes' is no boolean"),
    "a default that is none": (("type: string, required: true, has_default: false", "type: string, default: a, has_default: false"), "has_default is false, and there is a default"),
    "a default of what is required": (("required: true, has_default: false", "required: true, default: a"), "a required setting has no default"),
    "a value outside the range": (("default: 60,", "default: 60, values: [10],"), "10 is below the minimum 30"),
    "a range upside down": (("default: 60, minimum: 30, maximum: 90", "minimum: 90, maximum: 30"), "the minimum 90 is above the maximum 30"),
    "an enum without values": (("values: [GRID, SPOTLIGHT], excludes: [TILE], default: GRID", "values: []"), "an enum has values"),
    "an excluded value": (("excludes: [TILE]", "excludes: [GRID]"), "'GRID' is among the values, too"),
    "a builder's member without a setter": (("name: idle, setter: setIdle,", "name: idle,"), "a member of a builder has a setter, or at least a getter"),
    "a literal's member with a setter": (("name: appId,", "name: appId, setter: setAppId,"), "a settings object of the form object has no setters and getters"),
    "a builder without a name": (("    builder: Tiny.SettingsBuilder\n", ""), "a settings object of the form builder names its builder"),
    "two overloads of one id": (("    delivers: {success: {how: returned}}", "    overloads: [{id: a}, {id: a}]\n    delivers: {success: {how: returned}}"), "two overloads have the same id"),
    "a constructor of an unknown member": (("    builder: Tiny.SettingsBuilder\n", "    builder: Tiny.SettingsBuilder\n    new: [colour]\n"), "unknown member 'colour'"),
    "an effect of another form": ((SESSION, "rule: setting.effect, args: {effect: {sort: no_video}}, needs_test: later, level: info, basis: assumed, source: run"), "an effect is a mapping of 'kind' and 'args'"),
    "a question without its mark": (("about: How join fails.", "about: How join fails"), "about is one sentence on one line"),
    "a silence on two lines": (('text: "What a second join does."', 'text: "What a second\\njoin does."'), "text is one sentence on one line"),
    # what is left out
    "left out for no reason": (('reason: "It is the app\'s."', 'reason: "the app"'), "reason is one sentence, with a full stop at its end"),
    "left out of no source": (("source: page#App}", "source: pages#App}"), "unknown source 'pages'; did you mean 'page'?"),
    "left out twice": (('source: page#App}\n', 'source: page#App}\n  - {about: "What the app does.", reason: "So.", source: page}\n'), "this is left out twice"),
    # names
    "a version of another": (("major: 1}", "major: 2}"), "the contract is called calls/tiny-v1, and is for major version 2"),
}  # fmt: skip


def check(folder, text=TINY, bound=None):
    return check_contracts([write(folder, text)], BOUND if bound is None else bound)


def test_the_small_contract_is_sound(tmp_path):
    assert check(tmp_path) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_is_found_alone_and_with_its_place(name, tmp_path):
    edit, sentence = BROKEN[name]
    bound = BOUND - {"session.token"} if name == "no check" else None
    problems = check(tmp_path, edited(edit), bound)
    assert len(problems) == 1, problems
    assert sentence in problems[0]
    place, _, _ = problems[0].partition(": ")
    path, line, column = place.rsplit(":", 2)
    assert path == str(tmp_path / "tiny-v1.yaml")
    changed = _changed_lines(edited(edit))
    assert min(changed) - 8 <= int(line) <= max(changed) + 1
    assert int(column) >= 1


def _changed_lines(text):
    """The numbers of the lines that differ from the small contract's."""
    before, after = TINY.splitlines(), text.splitlines()
    first = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(after))
    return range(first + 1, first + 2 + max(0, len(after) - len(before)))


def test_an_id_of_another_file_is_found(tmp_path):
    other = edited(("calls/tiny-v1", "calls/other-v1"))
    files = [write(tmp_path), write(tmp_path, other, "other-v1.yaml")]
    problems = check_contracts(files, BOUND)
    assert len(problems) == TINY.count("{id: T1-") + TINY.count("- id: T1-")
    assert all("stands in" in problem and "tiny-v1.yaml already" in problem for problem in problems)


def test_a_contract_in_two_files_is_found(tmp_path):
    files = [write(tmp_path), write(tmp_path, TINY.replace("T1-", "T2-"), "tiny-v1-copy.yaml")]
    problems = check_contracts(files, BOUND)
    assert len(problems) == 1
    assert "the contract calls/tiny-v1 is in" in problems[0]


def test_a_file_of_another_name_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("testcall_contract.speccheck.spec_root", lambda: tmp_path)
    (tmp_path / "calls").mkdir()
    (tmp_path / "core.yaml").write_text((spec_root() / "core.yaml").read_text())
    assert check_contracts([write(tmp_path / "calls")], BOUND) == []
    (problem,) = check_contracts([write(tmp_path / "calls", name="small-v1.yaml")], BOUND)
    assert "the contract is called calls/tiny-v1, its file calls/small-v1.yaml" in problem


def test_a_folder_is_searched(tmp_path):
    write(tmp_path, edited(("type: string}", "type: text}")))
    assert len(check_contracts([tmp_path], BOUND)) == 1


def test_all_that_is_wrong_is_told_up_to_a_bound(tmp_path):
    clauses = "".join(
        f'    - {{id: T1-MORE-{n}, rule: session.never, level: info, basis: assumed, source: run, text: "So."}}\n'
        for n in range(300)
    )
    problems = check(tmp_path, TINY + clauses)
    assert len(problems) == MOST + 1
    assert problems[-1].endswith("and 100 more")


def test_every_mistake_of_the_form_is_told(tmp_path):
    problems = check(
        tmp_path, edited(("level: info", "level: may"), ("how: returned", "how: thrown"), ("form: builder", "form: x"))
    )
    assert len(problems) == 3


def test_a_rule_that_has_a_check_needs_no_excuse():
    known = frozenset(RULES)
    excused = [name for name, rule in RULES.items() if rule.needs_test]
    stale = [problem for problem in check_contracts(None, known) if "has a check now" in problem]
    assert len(stale) == len(excused)
    assert (
        check_contracts(None, known | {"no.such"}).count("rules.py: a check is bound to 'no.such', which is no rule")
        == 1
    )


def test_the_contracts_of_the_repository_are_sound():
    from testcall_conformance.checks import bound_rules

    assert check_contracts(None, bound_rules()) == []
