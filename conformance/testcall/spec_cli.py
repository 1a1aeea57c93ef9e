"""``testcall spec``: what the contracts say."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="What the contracts say, and whether they are sound.", no_args_is_help=True)


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Contract files; default all that there are.")] = None,
) -> None:
    """Check contracts: ids, rules, arguments, sources, defaults, clauses without a check."""
    from testcall_conformance.checks import bound_rules
    from testcall_contract.speccheck import check_contracts

    problems = check_contracts(files, bound_rules())
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    sys.stdout.write(f"{len(problems)} problems\n" if problems else "the contracts are sound\n")
    raise typer.Exit(1 if problems else 0)


@app.command()
def show(
    contract: Annotated[str | None, typer.Argument(help="A contract; without one, the list of them.")] = None,
) -> None:
    """List contracts, or the clauses of one."""
    from testcall_contract.loader import contract_names, load
    from testcall_contract.promises import promises

    if contract is None:
        for name in contract_names():
            sys.stdout.write(f"{name}\n")
        return
    for promise in promises(load(contract)):
        sys.stdout.write(f"{promise.id:<22} {promise.kind:<8} {promise.level:<6} {promise.basis:<10} {promise.text}\n")


@app.command()
def explain(
    clause: Annotated[
        str,
        typer.Argument(
            help="The id of a clause, conflict or silence; or what an operation, setting, event or error code is called."
        ),
    ],
    contract: Annotated[str | None, typer.Option(help="Look in this contract only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Say all that the contracts say about a clause, an operation, a setting, an event or an error code."""
    from testcall_contract.explain import explain as explain_it

    found = explain_it(clause, contract)
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
        return
    from testcall_contract.explain_text import explanation_text

    sys.stdout.write(explanation_text(found))
