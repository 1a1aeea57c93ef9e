"""The JSON Schema of contract files, for editors: shapes of the models, and the rules that clauses may name.

``testcall spec schema --out docs/schemas/contract.json`` writes it. An editor finds it by a first line in a contract file such as
``# yaml-language-server: $schema=../../docs/schemas/contract.json``.
"""

from __future__ import annotations

import json
from typing import Any

from testcall_contract.models import Contract
from testcall_contract.rules import RULES

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def contract_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a contract file."""
    schema = Contract.model_json_schema(by_alias=True)
    rules = {
        "description": "What kind of promise it is.",
        "oneOf": [{"const": rule.name, "description": rule.sentence} for rule in RULES.values()],
    }
    for name in ("Clause", "Conflict", "Silence"):
        schema["$defs"][name]["properties"]["rule"] = rules
    return {"$schema": DIALECT, **schema}


def schema_text() -> str:
    """The schema as the text of its file."""
    return json.dumps(contract_schema(), indent=2, ensure_ascii=False) + "\n"
