"""The published schemas are those of the models, and accept what the docs show."""

import json
import re
from pathlib import Path

import pytest

from testcall_conformance.protocol import NOTIFICATIONS, REQUESTS, Description, Invoke, schemas

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "schemas"
PAGE = ROOT / "docs" / "adapter-protocol.md"


def test_the_published_schemas_are_current():
    published = {
        path.name.removesuffix(".json"): json.loads(path.read_text())
        for path in PUBLISHED.glob("*.json")
        if path.stem != "contract"
    }
    assert published == schemas(), "write them anew: python -m testcall_conformance.protocol docs/schemas"


def test_every_message_of_the_protocol_is_explained_on_the_page():
    text = PAGE.read_text()
    missing = [name for name in (*REQUESTS, *NOTIFICATIONS) if f"`{name}`" not in text]
    assert not missing


def shown():
    """Every line of the page's examples: (who sends it, message)."""
    lines = re.findall(r"^([→←]) (\{.*\})$", PAGE.read_text(), re.MULTILINE)
    assert len(lines) > 10
    return [(arrow, json.loads(line)) for arrow, line in lines]


@pytest.mark.parametrize(("arrow", "message"), shown() if PAGE.exists() else [])
def test_every_example_on_the_page_is_valid(arrow, message):
    assert message["jsonrpc"] == "2.0"
    if "method" in message:
        model = REQUESTS[message["method"]][0] if arrow == "→" else NOTIFICATIONS[message["method"]]
        model.model_validate(message["params"])
    else:
        assert arrow == "←"
        assert ("result" in message) != ("error" in message)


def test_an_operation_is_declared_with_its_class_or_bare():
    description = Description(
        protocol=1, adapter="a", sdk={"name": "s", "version": "1"}, contract="c", operations=["A.one", "two"]
    )
    assert description.offers("A", "one")
    assert description.offers("A", "two")
    assert not description.offers("B", "one")


def test_every_invocation_has_an_id_of_its_own():
    one, two = Invoke(instance="a", on="b", operation="c"), Invoke(instance="a", on="b", operation="c")
    assert one.id != two.id
