"""Tokens are JSON Web Tokens: another library reads ours, we read its, and what is forged is refused."""

import base64
import json

import jwt
import pytest

from testcall_simulator.tokens import CallToken, CallTokenError, mint_call_token, read_call_token, signed

SECRET = "a secret of the tests, which is long enough for every algorithm of the library" * 2
TOKEN = CallToken("app", "us", "s1", "alice", "alice_token", 1_750_000_000, 1_750_000_600)
NOW = 1_750_000_001.0


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_another_library_reads_ours():
    claims = jwt.decode(
        mint_call_token(TOKEN, SECRET, "id"), SECRET, algorithms=["HS256"], options={"verify_exp": False}
    )
    assert claims["data"]["sessionId"] == "s1"
    assert jwt.get_unverified_header(mint_call_token(TOKEN, SECRET, "id")) == {"alg": "HS256", "typ": "JWT"}


def test_we_read_what_another_library_signed():
    ours = mint_call_token(TOKEN, SECRET, "id")
    claims = jwt.decode(ours, SECRET, algorithms=["HS256"], options={"verify_exp": False})
    for headers in (None, {"kid": "x"}):
        assert (
            read_call_token(jwt.encode(claims, SECRET, "HS256", headers=headers), lambda app_id: SECRET, NOW) == TOKEN
        )


def forged():
    head, body, signature = mint_call_token(TOKEN, SECRET, "id").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    richer = part({**claims, "data": {**claims["data"], "uid": "bob"}})
    other = signed(claims, "another secret")
    flipped = signature[:-2] + ("A" if signature[-2] != "A" else "B") + signature[-1]
    yield "another secret", other, "signature"
    yield "other claims", f"{head}.{richer}.{signature}", "signature"
    yield "no signature", f"{head}.{body}.", "signature"
    yield "a bit of the signature", f"{head}.{body}.{flipped}", "signature"
    yield "signature with padding", f"{head}.{body}.{signature}=", "signature"
    yield "no algorithm", f"{part({'alg': 'none'})}.{body}.", "malformed"
    yield "no algorithm, in capitals", f"{part({'alg': 'None'})}.{body}.{signature}", "malformed"
    yield "another algorithm", jwt.encode(claims, SECRET, "HS512"), "malformed"
    yield "a header to be understood", jwt.encode(claims, SECRET, "HS256", headers={"crit": ["exp"]}), "malformed"
    yield "a header that is a list", f"{part([])}.{body}.{signature}", "malformed"
    yield "a body that is a list", f"{head}.{part([])}.{signature}", "malformed"
    yield "two parts", f"{head}.{body}", "malformed"
    yield "letters beyond ASCII", f"{head}.{body}.é", "signature"
    yield "a body beyond ASCII", f"{head}.é.{signature}", "malformed"
    yield "nothing", "", "malformed"
    yield "half a character", f"{head}.{body}\ud800.{signature}", "malformed"


@pytest.mark.parametrize(
    ("token", "reason"), [(token, reason) for _, token, reason in forged()], ids=[name for name, *_ in forged()]
)
def test_what_is_forged_is_refused(token, reason):
    with pytest.raises(CallTokenError) as refused:
        read_call_token(token, lambda app_id: SECRET, NOW)
    assert refused.value.reason == reason
