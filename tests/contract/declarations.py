"""Reads the type declarations of a package: classes and interfaces with their members, constants, unions of literals.

A reader of members, no compiler: it knows what declaration files made by a compiler hold, and it is held against reflection on the
same package (``test_javascript_v4_surface.py``), so that a member which it overlooks is noticed.
"""

import re
from dataclasses import dataclass, field

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
_HEAD = re.compile(r"(?:export )?(?:declare )?(?:abstract )?(class|interface|const|type) (\w+)")
_MEMBER = re.compile(r"(?P<words>(?:(?:private|protected|public|static|readonly) )*)(?P<name>\w+)(?P<optional>\??)(?P<rest>.*)", re.S)  # fmt: skip
_LITERALS = re.compile(r"""^\s*\|?\s*((?:'[^']*'|"[^"]*"|-?\d+)(?:\s*\|\s*(?:'[^']*'|"[^"]*"|-?\d+))*)\s*$""")
_OPEN, _CLOSE = "{[(", "}])"


@dataclass(frozen=True)
class Member:
    """A member of a class or an interface. ``parameters``: name and type of each, None for what can't be called."""

    name: str
    static: bool
    private: bool
    optional: bool
    type: str
    parameters: tuple[tuple[str, str], ...] | None


@dataclass(frozen=True)
class Declaration:
    """A class, an interface, a constant or a type; ``text`` is what a constant or a type is."""

    kind: str
    name: str
    text: str
    members: tuple[Member, ...] = field(default=())

    def public(self, *, static=None):
        """The names of its public members: all, or those that are (not) static."""
        return {m.name for m in self.members if not m.private and (static is None or m.static == static)} - {
            "constructor"
        }

    def member(self, name):
        """The member of that name."""
        return next(m for m in self.members if m.name == name)


def declarations(text):
    """What a declaration file declares at its top, in its order."""
    text = _COMMENT.sub("", text)
    found, at = [], 0
    while match := _HEAD.search(text, at):
        kind, name = match.groups()
        begin = text.find("{", match.end()) if kind in ("class", "interface") else match.end()
        end = _end(text, begin)
        inner = text[begin:end].strip()
        members = _members(inner.strip("{}")) if kind in ("class", "interface") else ()
        found.append(Declaration(kind, name, inner.lstrip(":= ").rstrip("; "), members))
        at = end
    return found


def shape(text):
    """The members of a literal type ``{a: string; b?: {…}}``, each with its own members, or None; the name says ``?``."""
    if not text.startswith("{"):
        return None
    return {m.name + "?" * m.optional: shape(m.type) for m in _members(text[1:-1])}


def literals(text):
    """The values of a union of literals; none for any other type."""
    match = _LITERALS.match(text)
    parts = [part.strip() for part in match[1].split("|")] if match else []
    return [part[1:-1] if part[0] in "'\"" else int(part) for part in parts]


def strings(text, key):
    """The values of ``key`` that are literals, anywhere in a constant: ``readonly code: "X"``."""
    return set(re.findall(rf'\b{key}: "([^"]*)"', text))


def constant(text):
    """A constant's type as a value: mappings, and the literals in them."""
    if text.startswith("{"):
        return {m.name: constant(m.type) for m in _members(text[1:-1])}
    found = literals(text)
    return found[0] if len(found) == 1 else text


def _end(text, begin):
    """The end of a class's braces, or the semicolon that ends anything else."""
    depth = 0
    for at in range(begin, len(text)):
        depth += (text[at] in _OPEN) - (text[at] in _CLOSE)
        if depth == 0 and (text[at] == ";" or (text[begin] == "{" and text[at] == "}")):
            return at + 1
    return len(text)


def _pieces(text, separator):
    """``text`` cut at separators that stand in no bracket."""
    depth, begin, found = 0, 0, []
    for at, sign in enumerate(text):
        depth += (sign in _OPEN) - (sign in _CLOSE)
        if depth == 0 and sign == separator:
            found.append(text[begin:at])
            begin = at + 1
    return [piece.strip() for piece in (*found, text[begin:]) if piece.strip()]


def _members(body):
    return tuple(_member(piece) for piece in _pieces(body, ";") if not piece.startswith("["))


def _member(piece):
    match = _MEMBER.match(piece)
    words, rest = match["words"].split(), match["rest"].strip()
    parameters, type_ = None, rest.lstrip(": ").strip()
    if rest.startswith("("):
        end = next(at for at in range(len(rest)) if rest[: at + 1].count("(") == rest[: at + 1].count(")"))
        parameters = tuple(_parameter(part) for part in _pieces(rest[1:end], ","))
        type_ = rest[end + 1 :].lstrip(": ").strip()
    hidden = "private" in words or "protected" in words
    return Member(match["name"], "static" in words, hidden, bool(match["optional"]), type_, parameters)


def _parameter(part):
    name, _, type_ = part.partition(":")
    return name.strip(), type_.strip()
