"""Elements from untrusted text, and text from elements.

Restricted XML (RFC 6120 §11.1): a frame with a document type, comment, processing instruction or entity reference is
refused, and so is one that is too long or too deep. Nothing is fetched or expanded. What is refused becomes a
:class:`StreamError`, the only exception that leaves this module.
"""

from __future__ import annotations

import re
from copy import deepcopy

from lxml import etree

from testcall_simulator.xmpp.names import CLIENT, STANZA_ERRORS, STREAM, STREAM_ERRORS

Element = etree._Element

MAX_FRAME = 262_144
"""Longest accepted frame in characters: the default limit of Prosody's client connections (256 KiB)."""

_FORBIDDEN = re.compile(r"<!(?!\[CDATA\[)|<\?(?!xml[ \t\r\n])")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


class StreamError(Exception):
    """A stream that has to be closed. ``condition`` is a defined condition of RFC 6120 §4.9.3."""

    def __init__(self, condition: str, text: str = "") -> None:
        self.condition = condition
        self.text = text
        super().__init__(f"{condition}: {text}" if text else condition)


def parse(frame: str) -> Element:
    """The root element of a frame; :class:`StreamError` for anything that is not restricted, well-formed XML."""
    if len(frame) > MAX_FRAME:
        raise StreamError("policy-violation", f"a frame may have {MAX_FRAME} characters")
    if _FORBIDDEN.search(frame):
        raise StreamError("restricted-xml", "no document type, comment or processing instruction is allowed")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(_DECLARATION.sub("", frame, count=1).encode("utf-8", "strict"), parser)
    except (etree.XMLSyntaxError, UnicodeEncodeError, ValueError):
        raise StreamError("not-well-formed") from None
    if root is None:
        raise StreamError("not-well-formed")
    for node in root.iter(etree.Entity):
        raise StreamError("restricted-xml", f"entity reference {node.text}")
    return root


def serialize(element: Element) -> str:
    """The element as one frame, without a declaration."""
    return etree.tostring(element, encoding="unicode", with_tail=False)


def copy(element: Element) -> Element:
    """A private copy, without the text that followed the element."""
    twin = deepcopy(element)
    twin.tail = None
    return twin


def make(
    namespace: str, name: str, attributes: dict[str, str] | None = None, *children: Element, text: str | None = None
) -> Element:
    """An element with ``namespace`` as its default namespace. Children are moved in, not copied."""
    element = etree.Element(f"{{{namespace}}}{name}", attributes or {}, nsmap={None: namespace})  # type: ignore[dict-item]  # lxml-stubs know no default namespace
    element.text = text
    element.extend(children)
    return element


def stanza(kind: str, attributes: dict[str, str], *children: Element) -> Element:
    """An ``iq``, ``message`` or ``presence``."""
    return make(CLIENT, kind, attributes, *children)


def name_of(element: Element) -> tuple[str, str]:
    """(namespace, local name) of an element; the namespace is empty when there is none."""
    qualified = etree.QName(element)
    return qualified.namespace or "", qualified.localname


def child(element: Element, namespace: str, name: str) -> Element | None:
    """The first child of that name."""
    return element.find(f"{{{namespace}}}{name}")


def child_text(element: Element, name: str, namespace: str = CLIENT) -> str | None:
    """Text of the first child of that name, ``""`` when it is empty, ``None`` when there is no such child."""
    found = child(element, namespace, name)
    return None if found is None else (found.text or "")


def payload(element: Element) -> Element | None:
    """The first child element: what an IQ asks or tells."""
    return next((one for one in element if isinstance(one.tag, str)), None)


def iq_result(request: Element, *children: Element) -> Element:
    """The result of an IQ, addressed back to where it came from."""
    return stanza("iq", _reply_to(request, "result"), *children)


def iq_error(request: Element, condition: str, kind: str = "cancel", text: str | None = None) -> Element:
    """The error answer of an IQ, message or presence. ``condition`` and ``kind``: RFC 6120 §8.3.2 and §8.3.3."""
    error = make(CLIENT, "error", {"type": kind}, make(STANZA_ERRORS, condition))
    if text:
        error.append(make(STANZA_ERRORS, "text", text=text))
    return stanza(name_of(request)[1], _reply_to(request, "error"), error)


def stream_error(error: StreamError) -> str:
    """The frame that tells why a stream is closed."""
    root = etree.Element(f"{{{STREAM}}}error", nsmap={"stream": STREAM})
    root.append(make(STREAM_ERRORS, error.condition))
    if error.text:
        root.append(make(STREAM_ERRORS, "text", text=error.text))
    return serialize(root)


def _reply_to(request: Element, kind: str) -> dict[str, str]:
    attributes = {"type": kind}
    for ours, theirs in (("id", "id"), ("from", "to"), ("to", "from")):
        value = request.get(theirs)
        if value is not None:
            attributes[ours] = value
    return attributes
