"""One XMPP stream over one WebSocket (RFC 7395), from its first ``<open>`` to its end.

The order is: open, features, SASL ANONYMOUS, open again, features, then bind or resume; after that stanzas. A frame out of
order, or one that is no restricted XML, ends the stream with an error; nothing raises. The stream knows neither rooms nor
other clients: frames in, :data:`Happening` out. The token was looked at before (``admitted``): a stream that isn't admitted
fails SASL, as the service's token check does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from testcall_simulator.xmpp.names import (
    BIND,
    CLIENT,
    CLOSE,
    FRAMING,
    SASL,
    SESSION,
    SM,
    STANZA_ERRORS,
    STREAM,
    XML_LANG,
)
from testcall_simulator.xmpp.xml import (
    Element,
    StreamError,
    child,
    child_text,
    make,
    name_of,
    parse,
    serialize,
    stream_error,
)

MAX_SASL_FAILURES = 3
"""RFC 6120 §6.4.5 asks for a limit between 2 and 5 attempts."""

_STANZAS = ("iq", "message", "presence")

State = Literal["opening", "authenticating", "reopening", "binding", "ready", "closed"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A frame for the client that isn't a stanza."""

    text: str


@dataclass(frozen=True, slots=True)
class BindAsked:
    """The client wants an address: answer ``request`` by :meth:`Stream.bound`."""

    request: Element
    resource: str | None


@dataclass(frozen=True, slots=True)
class ResumeAsked:
    """The client wants to go on with an earlier stream (XEP-0198 §5): answer by :meth:`Stream.resumed` or ``refused``."""

    previous: str
    handled: int


@dataclass(frozen=True, slots=True)
class EnableAsked:
    """The client wants stream management."""

    resume: bool


@dataclass(frozen=True, slots=True)
class AckAsked:
    """The client asks how many of its stanzas were handled."""


@dataclass(frozen=True, slots=True)
class Acked:
    """The client tells how many of our stanzas it has handled."""

    handled: int


@dataclass(frozen=True, slots=True)
class StanzaIn:
    """An iq, message or presence of a bound client."""

    stanza: Element


@dataclass(frozen=True, slots=True)
class Finished:
    """The stream is over; the socket is to be closed after what was replied. ``error`` when it was not a clean end."""

    error: str | None = None


Happening = Reply | BindAsked | ResumeAsked | EnableAsked | AckAsked | Acked | StanzaIn | Finished


@dataclass(frozen=True, slots=True)
class Features:
    """What is offered after authentication."""

    session: bool = True
    stream_management: bool = True


class Stream:
    """The state of one stream. Not thread-safe; owns nothing but itself."""

    def __init__(
        self,
        *,
        admitted: bool,
        serves: Callable[[str], bool],
        new_id: Callable[[], str],
        features: Features,
    ) -> None:
        self.state: State = "opening"
        """Where the stream is; see :data:`State`."""
        self.domain = ""
        """The domain that the client opened the stream to."""
        self._admitted = admitted
        self._serves = serves
        self._new_id = new_id
        self._features = features
        self._failures = 0

    def receive(self, frame: str) -> list[Happening]:
        """What one text frame amounts to."""
        if self.state == "closed":
            return []
        try:
            return self._receive(parse(frame))
        except StreamError as error:
            return self.fail(error)

    def fail(self, error: StreamError) -> list[Happening]:
        """End the stream with an error; an ``<open>`` comes first if the client has had none (RFC 7395 §3.5)."""
        opened: list[Happening] = [Reply(self._open())] if self.state == "opening" else []
        self.state = "closed"
        return [*opened, Reply(stream_error(error)), Reply(CLOSE), Finished(error.condition)]

    def bound(self) -> None:
        """An address was given: stanzas may follow."""
        self.state = "ready"

    def _receive(self, root: Element) -> list[Happening]:
        namespace, name = name_of(root)
        if namespace == FRAMING:
            return self._framing(root, name)
        if self.state in {"opening", "reopening"}:
            raise StreamError("invalid-xml", "the first frame of a stream is <open/>")
        if self.state == "authenticating":
            return self._authenticate(root, namespace, name)
        if namespace == SM:
            return self._manage(root, name)
        if namespace != CLIENT:
            raise StreamError("unsupported-stanza-type" if namespace else "invalid-namespace", name)
        if name not in _STANZAS:
            raise StreamError("unsupported-stanza-type", name)
        return self._bind(root, name) if self.state == "binding" else [StanzaIn(root)]

    def _framing(self, root: Element, name: str) -> list[Happening]:
        if name == "close":
            before = self.state
            self.state = "closed"
            opened: list[Happening] = [Reply(self._open())] if before == "opening" else []
            return [*opened, Reply(CLOSE), Finished()]
        if name != "open" or self.state not in {"opening", "reopening"}:
            raise StreamError("invalid-xml", f"<{name}/> is out of place")
        domain = root.get("to", "")
        if self.state == "reopening" and domain != self.domain:
            raise StreamError("host-unknown", domain)
        if not self._serves(domain):
            raise StreamError("host-unknown", domain)
        if root.get("version") != "1.0":
            raise StreamError("unsupported-version")
        self.domain = domain
        again = self.state == "reopening"
        self.state = "binding" if again else "authenticating"
        return [Reply(self._open()), Reply(self._bind_features() if again else _sasl_features())]

    def _authenticate(self, root: Element, namespace: str, name: str) -> list[Happening]:
        if namespace != SASL:
            raise StreamError("not-authorized", "authenticate first")
        if name == "abort":
            return self._sasl_failure("aborted")
        if name != "auth":
            raise StreamError("not-authorized", "authenticate first")
        if root.get("mechanism") != "ANONYMOUS":
            return self._sasl_failure("invalid-mechanism")
        if not self._admitted:
            return self._sasl_failure("not-authorized", "the call token is missing, invalid or expired")
        self.state = "reopening"
        return [Reply(serialize(make(SASL, "success")))]

    def _sasl_failure(self, condition: str, text: str = "") -> list[Happening]:
        self._failures += 1
        failure = make(SASL, "failure", None, make(SASL, condition))
        if text:
            failure.append(make(SASL, "text", text=text))
        reply = Reply(serialize(failure))
        if self._failures < MAX_SASL_FAILURES:
            return [reply]
        return [reply, *self.fail(StreamError("policy-violation", "too many failed authentications"))]

    def _bind(self, root: Element, name: str) -> list[Happening]:
        request = child(root, BIND, "bind")
        if name != "iq" or root.get("type") != "set" or request is None:
            raise StreamError("not-authorized", "bind a resource first")
        return [BindAsked(root, child_text(request, "resource", BIND) or None)]

    def _manage(self, root: Element, name: str) -> list[Happening]:
        offered, ready = self._features.stream_management, self.state == "ready"
        if name == "resume" and offered and not ready:
            return [ResumeAsked(root.get("previd", ""), _count(root.get("h")))]
        if name == "enable" and offered and ready:
            return [EnableAsked(root.get("resume") in {"true", "1"})]
        if name == "r" and ready:
            return [AckAsked()]
        if name == "a" and ready:
            return [Acked(_count(root.get("h")))]
        return [Reply(sm_failed("unexpected-request"))]

    def _open(self) -> str:
        attributes = {"version": "1.0", "id": self._new_id(), XML_LANG: "en"}
        if self.domain:
            attributes["from"] = self.domain
        return serialize(make(FRAMING, "open", attributes))

    def _bind_features(self) -> str:
        offered = [make(BIND, "bind")]
        if self._features.session:
            offered.append(make(SESSION, "session"))
        if self._features.stream_management:
            offered.append(make(SM, "sm"))
        return _features(*offered)


def sm_failed(condition: str) -> str:
    """Stream management or resuming refused (XEP-0198 §3, §5)."""
    return serialize(make(SM, "failed", None, make(STANZA_ERRORS, condition)))


def _sasl_features() -> str:
    return _features(make(SASL, "mechanisms", None, make(SASL, "mechanism", text="ANONYMOUS")))


def _features(*offered: Element) -> str:
    root = etree.Element(f"{{{STREAM}}}features", nsmap={"stream": STREAM})
    root.extend(offered)
    return serialize(root)


def _count(text: str | None) -> int:
    digits = text is not None and len(text) <= 10 and text.isascii() and text.isdigit()
    if not digits or int(text or "0") >= 1 << 32:
        raise StreamError("invalid-xml", "h is a number below 2^32")
    return int(text or "0")
