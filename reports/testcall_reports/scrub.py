"""Takes out of errors what does not belong into a report: stack frames, minified source, paths of somebody's machine.

A record is attached to issues and releases. The vendor's code must not travel with it, nor the layout of the tester's disk;
what the build *said* (type, code, message) stays verbatim. Secrets go through :class:`testcall_contract.redaction.Secrets`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from testcall_contract.redaction import Secrets

_FRAME = re.compile(
    r"""^[^\S\n]*(?:
        at[ ].*\(.*(?::\d+|native|anonymous|Unknown[ ]Source|Native[ ]Method).*\)   # V8, Java, Kotlin, Hermes
      | at[ ](?:async[ ])?\S+:\d+(?::\d+)?
      | at[ ](?:async[ ])?(?:[\w$<>\[\]]+\.)+[\w$<>\[\]]+
      | [^\s@]{0,200}@\S+:\d+(?::\d+)?                                     # Firefox, Safari, JavaScriptCore
      | \#\d+[ ]+\S.*                                                      # Dart, native
      | File[ ]".*",[ ]line[ ]\d+.*                                        # Python
      | \.\.\.[ ]\d+[ ]more                                                # Java, shortened
      | \d+[ ]+\S+[ ]+0x[0-9a-f]{6,}[ ].*                                  # Swift, Objective-C
    )[^\S\n]*$""",
    re.VERBOSE | re.MULTILINE,
)
_STACK_KEYS = frozenset({"stack", "stacktrace", "stack_trace", "componentstack", "sourceurl", "callstack"})
_INLINE_FRAME = re.compile(r"\s+at [^\s()]+ \([^\s()]+:\d+:\d+\)")
_FUNCTION = re.compile(
    r"(?:\bfunction\b[^({]{0,60}\([^)]{0,200}\)\s*\{|\([\w\s,$]{0,200}\)\s*=>|\b[\w$]+\s*=>)[\s\S]{30,}"
)
_TOKEN = re.compile(r"\S{160,}")
_CODE = re.compile(r"[{}();=,!&|?:]")
_LINE_OF_CODE = re.compile(r"[^\n]{300,}")
_KEYWORD = re.compile(r"\b(?:function|return|void 0|prototype|var|const|let|await)\b|=>")
_SEPARATOR = re.compile(r"[/\\]")
_HOME = re.compile(
    r"(?<![\w./-])(?:file://(?=/))?/(?:home|Users|root|tmp|var|private|work|opt|mnt|srv)/(?:[^\s/'\":)]+/)*([^\s/'\":)]*)"
)
_WINDOWS = re.compile(r"\b[A-Za-z]:\\(?:[^\\\s'\":)]+\\)*([^\\\s'\":)]*)")


def scrub_text(text: str) -> str:
    """``text`` without stack frames, minified source and paths of a machine; what was taken out is counted in its place."""
    if len(text) < 4:
        return text
    if "\n" in text or "at " in text or "@" in text:
        text = _INLINE_FRAME.sub("", _drop_frames(text))
    if "=>" in text or "function" in text:
        text = _FUNCTION.sub(_source_line, text)
    if len(text) >= 160:
        text = _LINE_OF_CODE.sub(_source_line, text)
        text = _TOKEN.sub(_source_token, text)
    if "/" in text:
        text = _HOME.sub(lambda match: f"<path>/{match.group(1)}" if match.group(1) else "<path>", text)
    if "\\" in text:
        text = _WINDOWS.sub(lambda match: f"<path>\\{match.group(1)}" if match.group(1) else "<path>", text)
    return text


def scrub_value(value: Any, secrets: Secrets | None = None) -> Any:
    """A copy of ``value`` in which every text is scrubbed, members called ``stack`` are counted only, and secrets are labels."""
    if isinstance(value, str):
        return scrub_text(secrets.redact_text(value) if secrets else value)
    if isinstance(value, Mapping):
        return {key: _scrub_member(key, item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [scrub_value(item, secrets) for item in value]
    return value


def scrub_error(error: Any, secrets: Secrets | None = None) -> Any:
    """An error as an adapter reports it (``{type, is_error, own}`` or a bare text) in a form that may be published."""
    return scrub_value(error, secrets)


def scrub_sdk(sdk: str) -> str:
    """The ``--sdk`` string without directories: ``file:/home/me/build.tgz`` reads ``file:build.tgz``."""
    scheme, colon, rest = sdk.partition(":")
    if scheme == "file" and colon:
        return f"file:{_last_part(rest)}"
    if scheme == "exec" and colon:
        return "exec:" + " ".join(_last_part(word) if _SEPARATOR.search(word) else word for word in rest.split())
    return sdk


def _last_part(path: str) -> str:
    return _SEPARATOR.split(path.rstrip("/\\"))[-1]


def _scrub_member(key: Any, value: Any, secrets: Secrets | None) -> Any:
    if isinstance(key, str) and key.lower() in _STACK_KEYS and isinstance(value, (str, list, tuple)):
        lines = value.splitlines() if isinstance(value, str) else value
        return f"<stack of {len(lines)} lines>"
    return scrub_value(value, secrets)


def _drop_frames(text: str) -> str:
    """Runs of stack frames become one line that counts them. A single line ``at …`` is prose unless it names a position."""
    lines = text.split("\n")
    kept: list[str] = []
    dropped = 0
    for line in lines:
        if len(lines) > 1 and len(line) < 4000 and _FRAME.match(line):
            dropped += 1
            continue
        if dropped:
            kept.append(f"<{dropped} stack frames>")
            dropped = 0
        kept.append(line)
    if dropped:
        kept.append(f"<{dropped} stack frames>")
    return "\n".join(kept)


def _source_line(match: re.Match[str]) -> str:
    """A text that is dense in punctuation of code and has keywords is source, not a message."""
    line = match.group()
    dense = len(_CODE.findall(line)) / len(line) > 0.08
    return f"<source of {len(line)} characters>" if dense and _KEYWORD.search(line) else line


def _source_token(match: re.Match[str]) -> str:
    token = match.group()
    dense = len(_CODE.findall(token)) / len(token) > 0.12
    looks_like_data = token.startswith(("<", "{", "[", "http:", "https:", "wss:", "data:"))
    return f"<source of {len(token)} characters>" if dense and not looks_like_data else token
