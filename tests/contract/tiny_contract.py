"""A small, sound contract for tests, and edits of it."""

from pathlib import Path

TINY = """\
contract: calls/tiny-v1
schema: 1
sdk: {name: Tiny, platform: tiny, major: 1}
style: {holder: Tiny}
sources:
  page: {title: Page, url: "https://docs.example/page", path: page.mdx, revision: 0123abcd}
  skill: {title: Skill, path: skills/one.md, authority: secondary, kind: skill}
  types: {title: Types, version: 1.0.0, kind: types}
  run: {title: Runs of 1.0.0, version: 1.0.0, kind: run}
types:
  token: {name: Token, shape: {object: {token: string}}, source: page#Token}
constants:
  mode: {path: Tiny.MODE, value: GRID, source: types#MODE}
errors:
  call_token_invalid: {code: BAD_TOKEN, operations: [join_session], source: page#Errors}
operations:
  join_session:
    name: join
    parameters: [{concept: call_token, name: token, type: string}, {concept: session_settings, name: settings, type: any}]
    delivers: {success: {how: resolved, value: undefined}, failure: {how: rejected, error: {object: {code: string}}}}
    requires: [call_token_invalid]
    errors: [call_token_invalid]
    clauses:
      - {id: T1-JOIN-010, rule: operation.exists, source: page#Join, hash: "0123456789ab", text: "There is join."}
      - {id: T1-JOIN-020, rule: operation.requires, args: {condition: call_token_invalid}, source: page#Join, hash: "0123456789ab", text: "join fails with a bad token."}
      - {id: T1-JOIN-030, rule: operation.refuses, args: {parameter: call_token, bad: empty}, basis: declared, source: types#join, text: "join refuses an empty token."}
    conflicts:
      - id: T1-C01
        rule: operation.delivers_failure
        about: How join fails.
        means: Code for one form misses the other.
        alternatives:
          - {id: rejects, says: it rejects, source: page#Join, args: {how: rejected}}
          - {id: resolves, says: it resolves, source: types#join, args: {how: resolved}}
    silences:
      - {id: T1-S01, rule: operation.requires, args: {condition: session_active}, text: "What a second join does.", observed: nothing}
  leave_session:
    name: leave
    delivers: {success: {how: returned}}
settings:
  session_settings:
    form: builder
    name: Settings
    builder: Tiny.SettingsBuilder
    members:
      layout:
        {name: layout, setter: setLayout, type: enum, values: [GRID, SPOTLIGHT], excludes: [TILE], default: GRID, effect: {kind: layout_at_join}}
      idle_timeout: {name: idle, setter: setIdle, type: integer, default: 60, minimum: 30, maximum: 90, unit: s}
      end_call_button:
        {name: endCall, setter: showEndCall, type: boolean, default: true, effect: {kind: control_shown, args: {control: end_call, under: {layout: GRID}}}}
  app_settings:
    form: object
    name: AppSettings
    members:
      app_id: {name: appId, type: string, required: true, has_default: false}
listeners:
  session_listener: {form: object, register_with: join_session, unregister_with: leave_session}
events:
  session_joined:
    name: onJoined
    via: [session_listener]
    cause: join
    payload: [{name: token, shape: {type: token}}]
    clauses:
      - {id: T1-JOINED-010, rule: event.fires, args: {cause: join}, source: page#Events, hash: "0123456789ab", text: "onJoined fires on a join."}
controls:
  end_call: {names: [End]}
limits:
  users: {about: Participants., value: 50, source: page#Limits}
left_out:
  - {about: "What the app does.", reason: "It is the app's.", source: page#App}
session:
  clauses:
    - {id: T1-SESSION-010, rule: session.rejoin, level: info, basis: assumed, source: run, text: "One can join again."}
"""


def write(folder: Path, text: str = TINY, name: str = "tiny-v1.yaml") -> Path:
    """``text`` as a contract file in ``folder``."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def edited(*edits: tuple[str, str]) -> str:
    """The small contract with each text replaced by the other, once; each must be there."""
    text = TINY
    for old, new in edits:
        assert text.count(old) >= 1, f"not in the small contract: {old}"
        text = text.replace(old, new, 1)
    return text
