"""Credentials as values: API keys, users' auth tokens, call tokens. Minting and reading, nothing about who may use them.

An auth token looks as the REST documentation shows it: uid, underscore, epoch seconds, hexadecimal noise. An API key is 40
hexadecimal digits. A call token is a JSON Web Token (RFC 7519, HS256), because the JavaScript SDK 4 reads ``data.sessionId``
out of its middle part; what else the real one carries is not known.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from testcall_simulator.errors import SimulatorError

KeyScope = Literal["fullAccess", "authOnly"]
"""What an API key may do: everything, or make users and auth tokens (the dashboard's "Auth Key")."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an app, 40 hexadecimal digits."""

    key: str
    app_id: str
    scope: KeyScope


@dataclass(frozen=True, slots=True)
class AuthToken:
    """What a user is known by. ``created_at`` is epoch seconds; platform and device as the login told, empty if it didn't."""

    token: str
    app_id: str
    uid: str
    created_at: int
    platform: str = ""
    device_id: str = ""


@dataclass(frozen=True, slots=True)
class CallToken:
    """What a call token says: who may enter which session. Times are epoch seconds; ``expires_at`` None means never."""

    app_id: str
    region: str
    session_id: str
    uid: str
    auth_token: str
    issued_at: int
    expires_at: int | None


class CallTokenError(SimulatorError):
    """A call token that can't be accepted, and why."""

    def __init__(self, reason: Literal["malformed", "signature", "expired", "unknown_app"]) -> None:
        self.reason = reason
        super().__init__(f"call token refused: {reason}")


def mint_api_key(noise: random.Random) -> str:
    """A new key value: 40 hexadecimal digits."""
    return f"{noise.getrandbits(160):040x}"


def mint_auth_token(uid: str, created_at: int, noise: random.Random) -> str:
    """A new auth token: uid, underscore, epoch seconds, 30 hexadecimal digits."""
    return f"{uid}_{created_at}{noise.getrandbits(120):030x}"


@functools.lru_cache(maxsize=256)
def signing_secret(seed: int, app_id: str) -> str:
    """The secret that call tokens of an app are signed with; the same for the same seed."""
    return hashlib.sha256(f"testcall call token {seed} {app_id}".encode()).hexdigest()


@functools.lru_cache(maxsize=256)
def account_secret(seed: int, name: str) -> str:
    """A credential of the account that owns all apps of a world: 40 hexadecimal digits, the same for the same seed."""
    return hashlib.sha256(f"testcall account {seed} {name}".encode()).hexdigest()[:40]


def mint_call_token(call_token: CallToken, secret: str, token_id: str) -> str:
    """The JSON Web Token that says ``call_token``; ``token_id`` (``jti``) keeps two tokens of one second apart."""
    claims: dict[str, Any] = {
        "iss": "testcall",
        "iat": call_token.issued_at,
        "jti": token_id,
        "data": {
            "appId": call_token.app_id,
            "region": call_token.region,
            "sessionId": call_token.session_id,
            "uid": call_token.uid,
            "authToken": call_token.auth_token,
        },
    }
    if call_token.expires_at is not None:
        claims["exp"] = call_token.expires_at
    return signed(claims, secret)


def mint_user_jwt(app_id: str, uid: str, issued_at: int, secret: str) -> str:
    """The JSON Web Token that a login answers; it opens no session, for it has no ``data``."""
    return signed({"iss": "testcall", "iat": issued_at, "sub": uid, "aud": app_id}, secret)


def read_user_jwt(token: str, secret_of: Callable[[str], str]) -> tuple[str, str] | None:
    """App and uid of a login's JSON Web Token whose signature holds; None for anything else."""
    try:
        claims = _unverified(token)
        app_id, uid = claims.get("aud"), claims.get("sub")
        if not isinstance(app_id, str):
            return None
        _verify(token, secret_of(app_id))
    except CallTokenError:
        return None
    return (app_id, uid) if isinstance(uid, str) else None


def read_call_token(token: str, secret_of: Callable[[str], str], now: float) -> CallToken:
    """What ``token`` says, once its signature and life time hold; :class:`CallTokenError` otherwise.

    ``secret_of`` finds the secret of the app that the token claims to be of; it may raise that error too.
    """
    claims = _unverified(token)
    data = claims.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("appId"), str):
        raise CallTokenError("malformed")
    _verify(token, secret_of(data["appId"]))
    issued_at, expires_at = claims.get("iat"), claims.get("exp")
    if not isinstance(issued_at, int):
        raise CallTokenError("malformed")
    texts = [
        text for name in ("appId", "region", "sessionId", "uid", "authToken") if isinstance(text := data.get(name), str)
    ]
    if len(texts) != 5 or not isinstance(expires_at, int | None):
        raise CallTokenError("malformed")
    if expires_at is not None and now >= expires_at:
        raise CallTokenError("expired")
    app_id, region, session_id, uid, auth_token = texts
    return CallToken(app_id, region, session_id, uid, auth_token, issued_at, expires_at)


def _unverified(token: str) -> dict[str, Any]:
    """The claims of ``token``, whoever signed it."""
    parts = token.split(".")
    if len(parts) != 3:
        raise CallTokenError("malformed")
    return _decoded(parts[1])


def signed(claims: dict[str, Any], secret: str) -> str:
    """``claims`` as a JSON Web Token of HS256 (RFC 7515 §3.1, RFC 7518 §3.2)."""
    content = _HEADER + _base64(orjson.dumps(claims))
    return (content + b"." + _signature(content, secret)).decode("ascii")


def _verify(token: str, secret: str) -> None:
    """Check that ``token`` was signed with ``secret``, in the one way that we sign."""
    content, _, signature = token.rpartition(".")
    head = content.partition(".")[0]
    if head != _OUR_HEAD and not _is_ours(_decoded(head)):
        raise CallTokenError("malformed")
    try:
        expected = _signature(content.encode("ascii"), secret)
    except UnicodeEncodeError:
        raise CallTokenError("malformed") from None
    if not hmac.compare_digest(expected, signature.encode("ascii", "replace")):
        raise CallTokenError("signature")


def _is_ours(header: dict[str, Any]) -> bool:
    """Whether a header says what we can check: HS256, and nothing that has to be understood beside it (RFC 7515 §4.1.11)."""
    return header.get("alg") == "HS256" and "crit" not in header


def _decoded(part: str) -> dict[str, Any]:
    """A part of a token that is a JSON object."""
    try:
        value = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        raise CallTokenError("malformed") from None
    if not isinstance(value, dict):
        raise CallTokenError("malformed")
    return value


def _base64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _signature(content: bytes, secret: str) -> bytes:
    return _base64(hmac.digest(secret.encode(), content, "sha256"))


_OUR_HEAD = _base64(b'{"alg":"HS256","typ":"JWT"}').decode("ascii")
_HEADER = f"{_OUR_HEAD}.".encode()
