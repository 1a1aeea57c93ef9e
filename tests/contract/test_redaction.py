"""Redaction: no secret that was registered, and no JSON Web Token, stays in what is traced."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testcall_contract.redaction import SOUGHT_ANYWHERE, Secrets

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJkYXRhIjp7fX0.c2lnbmF0dXJl"


def test_a_secret_reads_as_its_label_wherever_it_stands():
    secrets = Secrets()
    secrets.add("alice_123456", "auth_token alice")
    assert secrets.redact_text("xalice_123456y") == "x<auth_token alice>y"
    assert secrets.redact({"alice_123456": ["alice_123456", 5, None]}) == {
        "<auth_token alice>": ["<auth_token alice>", 5, None]
    }


def test_a_json_web_token_is_hidden_known_or_not():
    secrets = Secrets()
    assert secrets.redact_text(f"?token={JWT}&previd=1") == "?token=<jwt>&previd=1"
    secrets.add(JWT, "call_token alice")
    assert secrets.redact_text(f"?token={JWT}&previd=1") == "?token=<call_token alice>&previd=1"


def test_the_longest_of_two_secrets_that_begin_alike_is_found():
    secrets = Secrets()
    secrets.add("secret-one", "short")
    secrets.add("secret-one-and-more", "long")
    assert secrets.redact_text("secret-one-and-more secret-one") == "<long> <short>"


def test_a_label_may_be_given_anew():
    secrets = Secrets()
    for label in ("first", "second"):
        secrets.add("a-secret-value", label)
    assert secrets.redact_text("a-secret-value") == "<second>"


def test_a_secret_too_short_to_be_told_from_text_is_refused():
    with pytest.raises(ValueError, match="too short"):
        Secrets().add("abc", "x")


@given(
    secret=st.from_regex(r"[a-z0-9_.-]{0,8}[a-z0-9]{6,20}[_.-]?[a-z0-9]{0,5}", fullmatch=True),
    before=st.sampled_from(["", " ", '"', "?token=", "Bearer ", "\n", "é", "/"]),
    after=st.sampled_from(["", " ", '"', "&x=1", "\\n", "<", "/"]),
    others=st.sampled_from([0, SOUGHT_ANYWHERE, SOUGHT_ANYWHERE + 50]),
)
def test_however_many_secrets_there_are_each_is_found(secret, before, after, others):
    secrets = Secrets()
    for number in range(others):
        secrets.add(f"OTHER-{number:06d}", f"other {number}")
    secrets.add(secret, "IT")
    assert secrets.redact_text(before + secret + after) == before + "<IT>" + after
    if others:
        assert secrets.redact_text(f"OTHER-{others - 1:06d}") == f"<other {others - 1}>"


def test_a_text_seen_before_its_secret_was_known_is_redacted_afterwards():
    secrets = Secrets()
    assert secrets.redact_text("a-secret-value") == "a-secret-value"
    secrets.add("a-secret-value", "it")
    assert secrets.redact_text("a-secret-value") == "<it>"
    assert secrets.redact_text(JWT) == "<jwt>"
    secrets.add(JWT, "known")
    assert secrets.redact_text(JWT) == "<known>"
