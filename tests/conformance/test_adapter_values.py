"""Values cross the protocol unchanged, and equality is the protocol's, not Python's."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testcall_conformance.values import (
    UNDEFINED,
    Builder,
    Container,
    Function,
    New,
    Opaque,
    Ref,
    decode,
    encode,
    same,
)

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats()
    | st.text()
    | st.just(UNDEFINED)
    | st.builds(
        Container, st.text(min_size=1), st.sampled_from(["attached", "detached", "hidden", "text", "document", "none"])
    )
    | st.builds(Opaque, st.text(), st.text())
    | st.builds(Function, st.text(min_size=1))
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.just("$"), inner, max_size=4)
        | st.builds(New, st.text(), st.lists(inner, max_size=3))
        | st.builds(Builder, st.text(), st.lists(st.tuples(st.text(), st.lists(inner, max_size=2)), max_size=3))
    ),
    max_leaves=12,
)


@given(values)
def test_what_is_decoded_is_what_was_encoded(value):
    wire = json.loads(json.dumps(encode(value), allow_nan=False))
    assert same(decode(wire), value)


@given(values)
def test_equality_is_reflexive_even_for_nan(value):
    assert same(value, value)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (UNDEFINED, None),
        (True, 1),
        (False, 0),
        (0.0, -0.0),
        (0, -0.0),
        ({"a": UNDEFINED}, {}),
        ([1], [1, 2]),
        ("1", 1),
        (math.nan, None),
        (Ref("@1"), Ref("@2")),
        ({"a": True}, {"a": 1}),
    ],
)
def test_values_that_differ_are_not_the_same(left, right):
    assert not same(left, right)
    assert not same(right, left)


@pytest.mark.parametrize(
    ("left", "right"), [(1, 1.0), (math.nan, math.nan), ([1, {"a": 2}], [1.0, {"a": 2.0}]), ((1, 2), [1, 2])]
)
def test_values_that_are_the_same(left, right):
    assert same(left, right)


def test_a_reference_is_the_same_whatever_it_held_when_it_was_sent():
    assert same(Ref("@1", "User", {"uid": "a"}), Ref("@1"))


def test_steps_of_a_function_carry_values_too():
    step = {"on": "CometChatCalls", "operation": "setMode", "arguments": [UNDEFINED]}
    wire = encode(Function("f", [step]))
    assert wire["does"] == [{"on": "CometChatCalls", "operation": "setMode", "arguments": [{"$": "undefined"}]}]
    assert decode(wire).does[0]["arguments"] == [UNDEFINED]


@pytest.mark.parametrize(
    "wire", [{"$": "nope"}, {"$": 1}, {"$": "builder"}, {"$": "object", "own": 3}, {"$": "container"}]
)
def test_a_misshapen_tag_is_refused(wire):
    with pytest.raises(ValueError, match="tagged value"):
        decode(wire)


@pytest.mark.parametrize("value", [b"x", {1: 2}, object(), {"a": {1}}])
def test_what_the_protocol_cannot_carry_is_refused(value):
    with pytest.raises(TypeError):
        encode(value)
