"""A malformed contract file gives one clear error with its place, fast and in bounded memory."""

import resource
import subprocess
import sys
import textwrap
from itertools import pairwise

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from testcall_contract.errors import ContractError
from testcall_contract.loader import load, load_core, load_file
from testcall_contract.plain import MAX_BYTES, decode, parse

HEAD = """\
contract: calls/tiny-v1
schema: 1
sdk: {name: Tiny, platform: tiny, major: 1}
sources: {}
"""

BOMB = "a: &a [1]\n" + "".join(f"{name}: &{name} [*{last}, *{last}, *{last}]\n" for last, name in pairwise("abcdefgh"))

MALFORMED = {
    "empty": ("", "the file: input should be a valid dictionary", "1:1"),
    "a list": ("- 1\n", "the file: input should be a valid dictionary", "1:1"),
    "a text": ("contract", "the file: input should be a valid dictionary", "1:1"),
    "wrong type": (HEAD.replace("major: 1", "major: one"), "sdk.major: input should be a valid integer", "3:35"),
    "unknown key": (HEAD + "color: red\n", "color: unknown key 'color'", "5:1"),
    "missing key": (HEAD.replace("schema: 1\n", ""), "schema: the key 'schema' is missing", "1:1"),
    "key twice": (HEAD + "media: {}\nmedia: {}\n", "the key 'media' stands twice", "6:1"),
    "key that is a number": (HEAD + "events: {1: {}}\n", "a key is a text", "5:10"),
    "key that is a truth value": (HEAD + "events: {true: {}}\n", "a key is a text", "5:10"),
    "key that is a list": (HEAD + "events: {[a]: {}}\n", "a key is a text", "5:10"),
    "alias": (HEAD + "media: &m {}\nsession: *m\n", "anchors are not allowed (&m)", "5:8"),
    "alias bomb": (BOMB, "anchors are not allowed (&a)", "1:4"),
    "cyclic": (HEAD + "media: &m {clauses: [*m]}\n", "anchors are not allowed (&m)", "5:8"),
    "merge key": (HEAD + "<<: {media: {}}\n", "<<: unknown key '<<'", "5:1"),
    "tag": (HEAD + "media: !!python/object:os.system {}\n", "tags are not allowed", "5:8"),
    "local tag": (HEAD + "media: ! {}\n", "tags are not allowed", "5:8"),
    "two documents": (HEAD + "---\n" + HEAD, "found another document", "5:1"),
    "not closed": (HEAD + "media: {clauses: [\n", "is no good YAML", "6:1"),
    "tab": (HEAD + "media:\n\tclauses: []\n", "is no good YAML", "6:1"),
    "NUL": (HEAD + "media: \0\n", "control character '\\x00'", "5:8"),
    "bell": (HEAD + "media: \a\n", "control character '\\x07'", "5:8"),
    "deep brackets": (HEAD + "media: " + "[" * 10_000, "nests deeper than 40 levels", "5:47"),
    "deep and closed": (HEAD + "media: " + "[" * 10_000 + "]" * 10_000, "nests deeper than 40 levels", "5:47"),
    "deep braces": (HEAD + "media: " + "{a: " * 10_000, "nests deeper than 40 levels", "5:164"),
    "deep dashes": ("- " * 10_000 + "a", "nests deeper than 40 levels", "1:81"),
    "deep lines": ("\n".join(" " * n + "a:" for n in range(900)), "nests deeper than 40 levels", "41:41"),
    "too many lines": ("-\n" * 300_000, "has more than 100000 lines, commas and colons", None),
    "too many items": ("[" + "a," * 500_000, "has more than 100000 lines, commas and colons", None),
    "a huge number": (HEAD.replace("major: 1", "major: " + "9" * 100_000), "sdk.major: unable to parse", "3:35"),
    "a clock of ages": (HEAD.replace("major: 1", "major: " + "1:" * 40_000 + "1"), "sdk.major: input should be", "3:35"),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_gives_one_error_with_its_place(name, tmp_path):
    text, sentence, place = MALFORMED[name]
    path = tmp_path / "tiny-v1.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(ContractError) as caught:
        load_file(path)
    message = str(caught.value)
    assert sentence in message
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))
    assert message.startswith(f"{path}:{place}: " if place else f"{path}: ")


ENCODINGS = {
    "UTF-16": (HEAD.encode("utf-16"), "is UTF-16 or UTF-32; save the file as UTF-8", ":1:1"),
    "UTF-16 without a mark": (HEAD.encode("utf-16-le"), "control character '\\x00'", ":1:2"),
    "UTF-32": (HEAD.encode("utf-32"), "is UTF-16 or UTF-32; save the file as UTF-8", ":1:1"),
    "Latin-1": (HEAD.replace("Tiny", "Tinÿ").encode("latin-1"), "is not UTF-8 here", ":3:16"),
    "rubbish": (bytes(range(256)) * 40, "is not UTF-8 here", ":2:118"),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_another_encoding_is_named_with_its_place(name, tmp_path):
    raw, sentence, place = ENCODINGS[name]
    path = tmp_path / "tiny-v1.yaml"
    path.write_bytes(raw)
    with pytest.raises(ContractError, match="UTF-8") as caught:
        load_file(path)
    assert str(caught.value).startswith(f"{path}{place}: ")
    assert sentence in str(caught.value)


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = tmp_path / "tiny-v1.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + HEAD.encode())
    assert load_file(path).contract == "calls/tiny-v1"


def test_words_are_those_of_yaml_1_2():
    text = "[on, off, yes, no, 1:30, 010, 0o7, 1_000, 2026-11-20, .5, 1e3, true, ~, 9999999999999999999]"
    assert parse(text, "x") == [
        "on", "off", "yes", "no", "1:30", 10, "0o7", "1_000", "2026-11-20", 0.5, "1e3", True, None, "9999999999999999999",
    ]  # fmt: skip


def test_texts_that_only_look_like_aliases_are_texts():
    assert parse("a: Transcription & Captions\nb: 'see: *this*'\nc: 1 * 2!\nd: |\n  - *x\n", "x") == {
        "a": "Transcription & Captions",
        "b": "see: *this*",
        "c": "1 * 2!",
        "d": "- *x\n",
    }


def test_what_the_screen_lets_through_means_what_yaml_says():
    text = "a: {b: [1, 'two', \"three\", 4.5, null]}\nc: >-\n  folded\n  text\n"
    assert parse(text, "x") == yaml.safe_load(text)


@pytest.mark.parametrize("name", ["rubbish", "brackets", "lines", "one key"])
def test_fifty_megabytes_cost_no_memory(name, tmp_path):
    """In a process of its own that may have little more memory than the interpreter and our modules need."""
    path = tmp_path / "tiny-v1.yaml"
    unit = {"rubbish": bytes(range(32, 256)), "brackets": b"[", "lines": b"a: 1\n", "one key": b"k"}[name]
    with path.open("wb") as file:
        for _ in range(50):
            file.write(unit * (1_000_000 // len(unit)))
    program = f"""
        import resource
        import testcall_contract.plain, testcall_contract.loader
        from pathlib import Path
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            testcall_contract.loader.load_file(Path({str(path)!r}))
        except testcall_contract.errors.ContractError as error:
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    grown_kb, _, message = done.stdout.partition(" ")
    assert "has more than 2000000 bytes" in message
    assert int(grown_kb) < 10 * MAX_BYTES / 1024


def test_a_folder_and_a_missing_file_are_said_so(tmp_path):
    with pytest.raises(ContractError, match="can't be read: Is a directory"):
        load_file(tmp_path)
    with pytest.raises(ContractError, match="can't be read: No such file"):
        load_file(tmp_path / "none.yaml")


@pytest.mark.parametrize("name", ["calls/none-v1", "../core", "calls/../core", "core", ""])
def test_an_unknown_name_says_which_there_are(name):
    with pytest.raises(ContractError, match=r"there are: .*calls/javascript-v5"):
        load(name)


def test_the_core_loads():
    assert "join_session" in load_core().operations


def test_this_module_measures_memory_in_kilobytes():
    assert 10_000 < resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 10_000_000


def refusal(raw):
    """Why ``raw`` is refused; empty where it is data."""
    try:
        parse(decode(raw, "x"), "x")
    except ContractError as error:
        return str(error)
    return ""


YAMLISH = st.text(alphabet=" \n-:?,[]{}&*!|>'\"#%@`\tab01.~<=\\\u2028\x85\r\ufeff", max_size=60)


@settings(max_examples=1500, deadline=None)
@given(st.one_of(YAMLISH, st.text(max_size=40), YAMLISH.map(lambda text: HEAD + text)))
def test_no_text_gives_anything_but_data_or_one_error(text):
    assert "\n" not in refusal(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80))
def test_no_bytes_give_anything_but_text_or_one_error(raw):
    assert refusal(raw)[:1] in ("", "x")


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(YAMLISH)
def test_what_is_accepted_has_no_aliases_and_no_tags(text):
    """The cheap look at the text lets nothing through that a look at every event would refuse."""
    assume(not refusal(text.encode()))
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        assert not isinstance(event, yaml.AliasEvent)
        assert getattr(event, "anchor", None) is None
        assert getattr(event, "tag", None) is None
