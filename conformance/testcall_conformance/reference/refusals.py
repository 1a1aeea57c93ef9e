"""Why a call is refused before the service is asked: conditions in their documented order. Pure but for what it is given.

A condition of ``core.yaml`` is a predicate over the instance's state and the call's arguments (by parameter concept). Conditions
that only the service can know (an unknown uid, an expired token) are never true here; see ``conditions_of``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.objects import Settings, effective
from testcall_conformance.values import UNDEFINED, Container, Function, encode
from testcall_contract.models import Clause, Contract, ErrorCode, Operation, Setting, SettingsObject
from testcall_contract.shapes import Shape, mismatch


@dataclass(frozen=True, slots=True)
class Situation:
    """What a precondition may look at."""

    contract: Contract
    initialized: bool
    logged_in: bool
    logging_in: bool
    in_session: bool
    devices_granted: bool
    auth_key: Any
    arguments: Mapping[str, Any]
    requires: tuple[str, ...] = ()
    in_call: bool = False

    def text(self, concept: str) -> str | None:
        """The argument as text; None when it is none."""
        value = self.arguments.get(concept, UNDEFINED)
        return value if isinstance(value, str) else None

    def given(self, concept: str) -> bool:
        """Whether the argument was given at all."""
        return self.arguments.get(concept, UNDEFINED) not in (UNDEFINED, None)

    def blank(self, concept: str) -> bool:
        """Whether the argument is no text, or empty, or white space only."""
        value = self.text(concept)
        return value is None or not value.strip()


def _container_missing(about: Situation) -> bool:
    value = about.arguments.get("container", UNDEFINED)
    return not isinstance(value, Container) or value.state in {"none", "text", "document"}


def _app_setting_wrong(about: Situation, key: str) -> bool:
    return key in {name for name, _ in wrong_settings(about.contract, about.arguments.get("app_settings"))}


def _region_wrong(about: Situation) -> bool:
    """A region is one of the contract's, in either case; types that are open (a string) name theirs all the same."""
    given = about.arguments.get("app_settings")
    if not isinstance(given, Settings):
        return False
    value = given.values.get("region", UNDEFINED)
    setting = about.contract.settings[given.key].members.get("region")
    known = {str(item).lower() for item in setting.values} if setting is not None else set()
    return _app_setting_wrong(about, "region") or (
        isinstance(value, str) and bool(known) and value.lower() not in known
    )


def _app_settings_wrong(about: Situation) -> bool:
    """Whether the object is none, or something is wrong in it that has no condition of its own in this operation."""
    given = about.arguments.get("app_settings")
    if given is None and "settings_file" in about.arguments:
        return False  # the operation reads the file itself
    if not isinstance(given, Settings):
        return True
    wrong = {name for name, _ in wrong_settings(about.contract, given)}
    return any(_OWN_CONDITION.get(name) not in about.requires for name in wrong)


_OWN_CONDITION = {
    "app_id": "app_id_invalid",
    "region": "region_invalid",
    "calls_host": "host_invalid",
    "admin_host": "host_invalid",
    "client_host": "host_invalid",
}
"""Setting of the application → the condition that means it alone."""


def _settings_wrong(key: str) -> Callable[[Situation], bool]:
    return lambda about: settings_wrong(about.contract, about.arguments.get(key))


PREDICATES: Mapping[str, Callable[[Situation], bool]] = {
    "sdk_not_initialized": lambda about: not about.initialized,
    "app_settings_invalid": _app_settings_wrong,
    "app_id_invalid": lambda about: _app_setting_wrong(about, "app_id"),
    "region_invalid": _region_wrong,
    "host_invalid": lambda about: any(
        _app_setting_wrong(about, key) for key in ("calls_host", "admin_host", "client_host")
    ),
    "settings_invalid": _settings_wrong("session_settings"),
    "presenter_settings_invalid": _settings_wrong("presenter_settings"),
    "not_logged_in": lambda about: not about.logged_in and not about.given("auth_token"),
    "no_user_logged_in": lambda about: not about.logged_in,
    "login_in_progress": lambda about: about.logging_in,
    "already_logged_in": lambda about: about.logged_in,
    "already_initialized": lambda about: about.initialized,
    "uid_invalid": lambda about: about.blank("uid"),
    "uid_with_space": lambda about: " " in (about.text("uid") or ""),
    "auth_key_missing": lambda about: about.blank("auth_key") and not isinstance(about.auth_key, str),
    "auth_token_missing": lambda about: (
        about.blank("auth_token") and not (about.logged_in and not about.given("auth_token"))
    ),
    "auth_token_with_space": lambda about: " " in (about.text("auth_token") or ""),
    "session_id_missing": lambda about: about.blank("session_id"),
    "call_token_missing": lambda about: not about.given("call_token") or about.text("call_token") == "",
    "container_missing": _container_missing,
    "session_active": lambda about: about.in_session,
    "no_session": lambda about: not about.in_session,
    "permission_denied": lambda about: not about.devices_granted,
    "call_in_progress": lambda about: about.in_call,
}
"""Condition → whether it holds. Conditions that are not here are the service's to find."""


_GROUPS: Mapping[str, tuple[str, str]] = {
    "app_settings_invalid": ("app_settings", "app settings"),
    "settings_invalid": ("session_settings", "call settings"),
    "presenter_settings_invalid": ("presenter_settings", "presenter settings"),
}


class Refusal(Exception):  # noqa: N818  (the answer to one call, told to the application in its dialect)
    """A call that we refuse: the condition, a code where a clause names one, and what exactly is wrong."""

    def __init__(self, condition: str, detail: str = "", code: str | None = None) -> None:
        self.condition = condition
        self.code = code
        what = f"Invalid {_GROUPS[condition][1]}" if condition in _GROUPS else condition.replace("_", " ")
        self.message = f"{what}: {detail}" if detail else what
        super().__init__(self.message)


def refused(operation: Operation, about: Situation) -> Refusal | None:
    """The first condition that refuses the call; None when it may go on.

    Want of an init comes before all else: it implies want of a login, and could never be told after that.
    """
    for condition in sorted(operation.requires, key=lambda name: name != "sdk_not_initialized"):
        predicate = PREDICATES.get(condition)
        if predicate is not None and predicate(about) and not _waived(operation, condition):
            return Refusal(condition, _detail(condition, about))
    for clause in binding(operation.clauses):
        found = _refused_by(clause, operation, about)
        if found is not None:
            return found
    return None


def _refused_by(clause: Clause, operation: Operation, about: Situation) -> Refusal | None:
    args = clause.args
    if clause.rule == "operation.refuses" and args.get("fails", True):
        concept = args["parameter"]
        shape = next((item.type for item in operation.parameters if item.concept == concept), "any")
        value = about.arguments.get(concept, UNDEFINED)
        if is_bad(args["bad"], value, shape, about.contract.type_shapes):
            return _named(about.contract, args.get("code"), concept)
    elif clause.rule == "operation.requires" and args.get("fails", True):
        predicate = PREDICATES.get(args["condition"])
        if predicate is not None and predicate(about) and not _waived(operation, args["condition"]):
            return Refusal(args["condition"], code=_code(about.contract, args.get("code")))
    elif clause.rule == "operation.accepts" and args.get("accepted") is False and _has_form(args, about):
        return Refusal("not_logged_in" if args["form"] == "without_login" else f"{args['parameter']}_invalid")
    return None


def _has_form(args: Mapping[str, Any], about: Situation) -> bool:
    """Whether the argument comes in the form that a clause doesn't accept."""
    value = about.arguments.get(args["parameter"], UNDEFINED)
    match args["form"]:
        case "without_login":
            return not about.logged_in
        case "token_object":
            return isinstance(value, dict)
        case _:
            return False


def binding(clauses: list[Clause]) -> list[Clause]:
    """The clauses that a model of the documentation keeps: those that documents or declarations state."""
    return [clause for clause in clauses if clause.basis in {"documented", "declared"}]


def _detail(condition: str, about: Situation) -> str:
    """What is wrong with the settings, for the message."""
    key = _GROUPS[condition][0] if condition in _GROUPS else None
    spec = about.contract.settings.get(key) if key is not None else None
    if key is None or spec is None:
        return ""
    given = about.arguments.get(key)
    if not isinstance(given, Settings):
        return f"they are no {spec.name}"
    members = about.contract.settings[given.key].members
    return "; ".join(f"{members[name].name} {reason}" for name, reason in wrong_settings(about.contract, given))


def _waived(operation: Operation, condition: str) -> bool:
    """Whether the chosen alternative of a conflict says that the condition doesn't make the call fail."""
    return any(
        clause.rule == "operation.requires"
        and clause.args.get("condition") == condition
        and clause.args.get("fails") is False
        for clause in binding(operation.clauses)
    )


def settings_wrong(contract: Contract, given: Any) -> bool:
    """Whether what was given isn't the settings object that the dialect asks for, or has an illegal value in it."""
    return not isinstance(given, Settings) or bool(wrong_settings(contract, given))


def wrong_settings(contract: Contract, given: Any) -> list[tuple[str, str]]:
    """The illegal values of a settings object: setting concept and why, in the order of the contract."""
    if not isinstance(given, Settings):
        return []
    members = contract.settings[given.key].members
    reasons = [(name, wrong_value(setting, given.values.get(name, UNDEFINED))) for name, setting in members.items()]
    return [(name, reason) for name, reason in reasons if reason is not None]


def wrong_value(setting: Setting, value: Any) -> str | None:
    """Why a value of a setting is refused; None when it is not.

    What no document says about a value (a number under an undocumented minimum, an unknown key) is let through.
    """
    if value is UNDEFINED or value is None:
        return "is required" if setting.required else None
    if any(value in item.args.get("values", []) for item in clauses_of(setting, "setting.accepts")):
        return _accepted(setting, value)
    for clause in clauses_of(setting, "setting.refuses"):
        fails = clause.args.get("fails", True)
        if "value" in clause.args and clause.args["value"] == value:
            return "has a value that is none" if fails else None
        if fails and "bad" in clause.args and _bad_setting(clause.args["bad"], setting, value):
            return f"has an illegal value ({clause.args['bad'].replace('_', ' ')})"
    return None if _of_type(setting, value) else f"is no {setting.type}"


def _accepted(setting: Setting, value: Any) -> str | None:
    """A value that a clause names: accepted, unless the clause says that it is not."""
    naming = [item for item in clauses_of(setting, "setting.accepts") if value in item.args.get("values", [])]
    return None if all(item.args.get("accepted", True) for item in naming) else "has a value that is none"


def _bad_setting(bad: str, setting: Setting, value: Any) -> bool:
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if bad == "wrong_type":
        return not _of_type(setting, value)
    if bad in {"not_in_enum", "wrong_case"}:
        folded = {str(item).lower() for item in setting.values}
        return value not in setting.values and (bad != "wrong_case" or str(value).lower() in folded)
    if bad == "excluded":
        return value in setting.excludes
    if bad == "below_minimum":
        return number is not None and setting.minimum is not None and number < setting.minimum
    if bad == "above_maximum":
        return number is not None and setting.maximum is not None and number > setting.maximum
    return is_bad(bad, value)


def _of_type(setting: Setting, value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    match setting.type:
        case "boolean":
            return isinstance(value, bool)
        case "integer" | "number":
            return number
        case "string":
            return isinstance(value, str)
        case "enum":
            return value in setting.values or any(isinstance(value, type(item)) for item in setting.values)
        case "list":
            return isinstance(value, list)
        case "function":
            return isinstance(value, Function)
        case _:
            return True


def is_bad(bad: str, value: Any, shape: Shape = "any", types: Mapping[str, Shape] = MappingProxyType({})) -> bool:
    """Whether a value is of a class of :data:`testcall_contract.vocabulary.BAD_VALUES`, as far as the value itself tells.

    ``shape`` is what a good value looks like, for ``wrong_type``.
    """
    if bad == "wrong_type":
        given = value is not UNDEFINED and value is not None and not isinstance(value, (Settings, Container))
        return given and mismatch(shape, _shown(value), types) is not None
    text = value if isinstance(value, str) else None
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    return {
        "missing": value is UNDEFINED,
        "undefined": value is UNDEFINED,
        "null": value is None,
        "empty": text == "",
        "blank": text is not None and text != "" and not text.strip(),
        "spaces": text is not None and " " in text.strip(),
        "negative": number is not None and number < 0,
        "fraction": number is not None and not float(number).is_integer(),
        "plain_object": isinstance(value, dict),
        "not_built": isinstance(value, Settings) and not value.built,
        "detached": isinstance(value, Container) and value.state == "detached",
        "text_node": isinstance(value, Container) and value.state == "text",
    }.get(bad, False)


# --- what the service refuses ----------------------------------------------------------------------------------------

_SERVICE: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("login", "api_error"): ("uid_unknown", "auth_key_unknown", "uid_invalid", "auth_key_missing"),
    ("login_with_token", "api_error"): ("auth_token_invalid",),
    ("generate_token", "api_error"): ("auth_token_invalid", "auth_token_missing"),
    ("join_session", "api_error"): ("call_token_expired", "call_token_invalid"),
    ("join_session_by_id", "api_error"): ("auth_token_invalid", "call_token_invalid"),
    ("join_presentation", "api_error"): ("call_token_expired", "call_token_invalid"),
}
_SPELLS: Mapping[str, tuple[str, ...]] = {
    "uid_unknown": ("UID",),
    "uid_invalid": ("UID",),
    "auth_key_unknown": ("APIKEY", "API_KEY"),
    "auth_key_missing": ("APIKEY", "API_KEY"),
    "call_token_expired": ("EXPIRED",),
}
"""What a code of the service has in it when it means the condition; conditions that are not here take any code."""


def conditions_of(concept: str, failure: CallFailure) -> list[str]:
    """The conditions that a failure of the client may mean for an operation, the most particular first."""
    code = str((failure.server or {}).get("code", "")).upper()
    particular = [
        condition
        for condition in _SERVICE.get((concept, failure.condition), ())
        if condition not in _SPELLS or any(word in code for word in _SPELLS[condition])
    ]
    return [*particular, failure.condition, "api_error" if failure.server else "network_failure", "unknown_error"]


def spelled(contract: Contract, concept: str, conditions: list[str]) -> str | None:
    """The first of the conditions for which the dialect has a code that the operation can carry."""
    for condition in conditions:
        error = contract.errors.get(condition)
        if error is not None and (not error.operations or concept.removesuffix("_v4") in error.operations):
            return condition
    return None


def code_for(error: ErrorCode, concept: str) -> str:
    """The dialect's code for a condition in one operation: a clause may name another than the usual one."""
    for clause in clauses_of(error, "error.code"):
        code = clause.args.get("code")
        if clause.args.get("operation") == concept and code is not None:
            return str(code[0] if isinstance(code, list) else code)
    return error.code


ALSO: Mapping[str, tuple[str, ...]] = {
    "auth_token_missing": ("not_enough_parameters",),
    "session_id_missing": ("not_enough_parameters",),
    "app_id_invalid": ("app_settings_invalid",),
    "region_invalid": ("app_settings_invalid",),
    "host_invalid": ("app_settings_invalid",),
}
"""Condition → what else a dialect may call it in an operation for which it has no code of that condition."""


def _named(contract: Contract, code: Any, parameter: str) -> Refusal:
    """A clause's ``code``: a condition of the contract, or the dialect's code for one; else what the parameter suggests."""
    if code in contract.errors:
        return Refusal(str(code))
    condition = next((key for key, error in contract.errors.items() if error.code == code), f"{parameter}_invalid")
    return Refusal(condition, code=code if isinstance(code, str) else None)


def _shown(value: Any) -> Any:
    """A value as the protocol has it, for comparing shapes; what has no such form counts as an object."""
    try:
        return encode(value)
    except TypeError:
        return {}


def _code(contract: Contract, code: Any) -> str | None:
    return None if code is None or code in contract.errors else str(code)


def defaults(spec: SettingsObject, given: Settings | None) -> dict[str, Any]:
    """The effective value of every setting, by concept: what was given, else the default."""
    values = given.values if given is not None else {}
    return {key: effective(setting, values.get(key, UNDEFINED)) for key, setting in spec.members.items()}


def clauses_of(item: Any, rule: str) -> list[Clause]:
    """The binding clauses of an item under a rule."""
    return [clause for clause in binding(item.clauses) if clause.rule == rule]
