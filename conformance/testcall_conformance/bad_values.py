"""Makes illegal arguments: a value of each class of :data:`testcall_contract.vocabulary.BAD_VALUES` for a parameter or a setting."""

from __future__ import annotations

from typing import Any

from testcall_conformance.dialect import OMIT, UNDEFINED, container
from testcall_contract.models import Setting
from testcall_contract.shapes import Shape

_STRINGS = {
    "empty": "",
    "blank": "   ",
    "spaces": "al ice",
    "garbage": "abc",
    "not_in_enum": "NO_SUCH_VALUE",
    "unknown_user": "nobody-of-this-name",
    "wrong_key": "0" * 40,
}
_PLAIN: dict[str, Any] = {
    "missing": OMIT,
    "undefined": UNDEFINED,
    "null": None,
    "plain_object": {},
    "negative": -1,
    "fraction": 1.5,
    "detached": container("bad-container", "detached"),
    "text_node": container("bad-container", "text"),
}


def bad_argument(bad: str, concept: str, shape: Shape) -> Any:
    """A value of class ``bad`` for a parameter of that concept and shape; OMIT leaves the argument out."""
    if concept == "container" and bad in ("missing", "undefined", "null"):
        return {"missing": OMIT, "undefined": UNDEFINED, "null": None}[bad]
    if bad in _PLAIN:
        return _PLAIN[bad]
    if bad in _STRINGS:
        return _STRINGS[bad]
    if bad == "wrong_type":
        return {"string": 42, "boolean": "yes", "function": "text", "list": "text"}.get(str(shape), "text")
    raise ValueError(f"no way to make a bad value of class {bad!r} for {concept!r}")


def bad_setting(bad: str, setting: Setting) -> Any:
    """A value of class ``bad`` for a setting."""
    if bad == "wrong_type":
        return {"boolean": "yes", "string": 42, "enum": 42, "integer": "x", "number": "x", "list": "text"}.get(
            setting.type, "text"
        )
    if bad == "excluded" and setting.excludes:
        return setting.excludes[0]
    if bad == "wrong_case":
        text = next(value for value in setting.values if isinstance(value, str))
        return text.lower() if text != text.lower() else text.upper()
    if bad == "below_minimum":
        return (setting.minimum if setting.minimum is not None else 0) - 1
    if bad == "above_maximum" and setting.maximum is not None:
        return setting.maximum + 1
    if bad in _PLAIN:
        return _PLAIN[bad]
    if bad in _STRINGS:
        return _STRINGS[bad]
    raise ValueError(f"no way to make a bad value of class {bad!r} for setting {setting.name!r}")
