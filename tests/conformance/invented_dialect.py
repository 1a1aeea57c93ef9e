"""A dialect that no SDK has, to show that the reference SDK speaks any: named arguments, callbacks, other words, seconds."""

from __future__ import annotations

import yaml

from testcall_contract.models import Contract

INVENTED = """
contract: calls/invented-v9
schema: 1
sdk: {name: Invented, platform: invented, major: 9, wire: calls-v5}
style: {arguments: named, results: callbacks, holder: Telefon, code_at: kode, message_at: melding}
sources: {page: {title: A page}}
types:
  person: {name: Person, shape: {object: {UID: string, "fullName?": string, name: string}}}
  trouble: {name: Ulykke, shape: {object: {kode: string, melding: string}}}
errors:
  sdk_not_initialized: {code: IKKE_KLAR, operations: [login, generate_token, join_session]}
  app_settings_invalid: {code: FEIL_OPPSETT, operations: [initialize]}
  uid_invalid: {code: HVEM, message: Hvem er det, operations: [login]}
  session_id_missing: {code: HVOR, operations: [generate_token]}
  not_logged_in: {code: LOGG_INN, operations: [generate_token, join_session]}
  call_token_invalid:
    code: BILLETT
    operations: [join_session]
    clauses:
      - {id: X-ERR-010, rule: error.passes_through, args: {operation: join_session}, source: page, text: The service's code reaches the application.}
  settings_invalid: {code: FEIL_VALG, operations: [join_session]}
operations:
  initialize:
    name: start
    parameters: [{concept: app_settings, name: oppsett, type: any}, {concept: success_callback, name: ok}]
    delivers: {success: {how: success_callback, value: nothing}, failure: {how: error_callback, error: {type: trouble}}}
    requires: [app_settings_invalid]
  login:
    name: loggInn
    parameters: [{concept: uid, name: hvem, type: string}, {concept: auth_key, name: noekkel, type: string, optional: true}]
    delivers: {success: {how: success_callback, value: {type: person}}, failure: {how: error_callback, error: {type: trouble}}}
    requires: [sdk_not_initialized, uid_invalid]
  generate_token:
    name: lagBillett
    parameters: [{concept: session_id, name: rom, type: string}]
    delivers: {success: {how: success_callback, value: string}, failure: {how: error_callback, error: {type: trouble}}}
    requires: [sdk_not_initialized, not_logged_in, session_id_missing]
  join_session:
    name: gaaInn
    parameters: [{concept: call_token, name: billett, type: string}, {concept: session_settings, name: valg, type: any}]
    delivers: {success: {how: success_callback, value: {ref: Samtale}}, failure: {how: error_callback, error: {type: trouble}}}
    requires: [sdk_not_initialized, not_logged_in, settings_invalid]
    conflicts:
      - id: X-C01
        rule: operation.delivers_failure
        about: how it fails
        means: nothing
        alternatives: [{id: callback, says: a, source: page, args: {how: error_callback}}, {id: throws, says: b, source: page, args: {how: threw}}]
  leave_session: {name: gaaUt, "on": $call_session, delivers: {success: {how: returned, value: nothing}}}
  mute_audio: {name: stille, "on": $call_session, delivers: {success: {how: returned, value: nothing}}}
  add_event_listener:
    name: lytt
    parameters: [{concept: listener_id, name: merke, type: string}, {concept: listener, name: lytter, type: any}]
    delivers: {success: {how: returned, value: nothing}}
  remove_event_listener: {name: glem, parameters: [{concept: listener_id, name: merke, type: string}], delivers: {success: {how: returned, value: nothing}}}
settings:
  app_settings:
    form: named
    name: Oppsett
    members:
      app_id: {name: program, type: string, required: true, has_default: false}
      region: {name: sted, type: enum, values: [us, eu], required: true, has_default: false}
      auth_key: {name: noekkel, type: string, has_default: false}
  session_settings:
    form: builder
    name: Valg
    builder: ValgBygger
    build: ferdig
    members:
      audio_only: {name: bareLyd, setter: bareLyd, getter: erBareLyd, type: boolean, default: false}
      start_audio_muted: {name: stille, setter: startStille, type: boolean, default: false}
      idle_timeout:
        name: ventetid
        setter: ventetid
        type: integer
        unit: s
        default: 90
        minimum: 70
        clauses: [{id: X-SET-010, rule: setting.refuses, args: {bad: below_minimum}, source: page, text: Not under 70 seconds.}]
      end_call_button: {name: visSlutt, setter: visSlutt, type: boolean, default: true, effect: {kind: control_shown, args: {control: end_call}}}
listeners:
  ears: {form: object, wrap: Lytter, register_with: add_event_listener, unregister_with: remove_event_listener, keyed: true}
events:
  participant_joined: {name: nokonKom, via: [ears], payload: [{name: person, shape: {type: person}}]}
  audio_muted: {name: blestille, via: [ears]}
  session_timed_out: {name: forLenge, via: [ears]}
  call_end_button_pressed: {name: trykket, via: [ears]}
  session_left: {name: ute, via: [ears]}
controls:
  end_call: {role: knapp, names: [Slutt]}
"""


def invented() -> Contract:
    """The invented contract, validated."""
    return Contract.model_validate(yaml.safe_load(INVENTED))
