"""``testcall spec``: what the contracts say, where they are open, and whether they are sound."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from testcall_contract.document import Document
    from testcall_contract.models import Contract

app = typer.Typer(help="What the contracts say, and whether they are sound.", no_args_is_help=True)

Names = Annotated[
    list[str] | None,
    typer.Option("--contract", help="A contract, or a glob such as 'calls/*' (repeatable); default all."),
]
Form = Annotated[Literal["text", "markdown", "html"], typer.Option("--format", help="How it is written.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write it there; default stdout.")]


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Contract files or folders; default all that there are.")
    ] = None,
) -> None:
    """Check contracts: ids, rules, arguments, sources, levels, defaults, references, clauses without a check."""
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
    """List contracts, or the clauses, conflicts and silences of one."""
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


@app.command()
def conflicts(contract: Names = None, form: Form = "text", out: Out = None) -> None:
    """For who writes the documentation: where it disagrees with itself, with both sides, and where it is silent."""
    from testcall_contract.conflicts import conflicts_document

    _write(conflicts_document(_chosen(contract)), form, out)


@app.command()
def parity(contract: Names = None, form: Form = "text", out: Out = None) -> None:
    """Compare the dialects, concept by concept: settings, error codes, events, operations, numbers."""
    from testcall_contract.loader import load_core
    from testcall_contract.parity import parity_document

    _write(parity_document(_chosen(contract or ["calls/*"]), load_core()), form, out)


@app.command()
def coverage(
    contract: Names = None,
    record: Annotated[
        list[Path] | None, typer.Option(help="Run records (repeatable), which tell how far checks are proven.")
    ] = None,
    form: Form = "text",
    out: Out = None,
) -> None:
    """Say what is tested, how far the tests are proven, and what isn't tested and why."""
    from testcall_conformance.checks import bound_rules
    from testcall_contract.coverage import coverage_document

    _write(coverage_document(_chosen(contract), bound_rules(), _proofs(record or [])), form, out)


@app.command()
def contents(contract: Names = None, form: Form = "text", out: Out = None) -> None:
    """Count what each contract has, by kind; name its sources; and say what they tell that it leaves out, and why."""
    from testcall_contract.contents import contents_document

    _write(contents_document(_chosen(contract)), form, out)


@app.command()
def drift(
    checkout: Annotated[Path, typer.Argument(help="A copy of the documentation's repository.")],
    contract: Names = None,
    form: Form = "text",
    out: Out = None,
) -> None:
    """Name the clauses whose sentence has changed, moved or vanished in a copy of the documentation; exit code 1 if any."""
    from testcall_contract.drift import drift as compare
    from testcall_contract.drift import drift_document

    found = compare(_chosen(contract), checkout)
    _write(drift_document(found, str(checkout)), form, out)
    raise typer.Exit(1 if found.drifted else 0)


@app.command()
def release() -> None:
    """Append the ids that no release had yet to spec/released.txt, so that none of them is ever used for something else."""
    from testcall_contract.promises import promises
    from testcall_contract.released import new_ids, read_released, released_file

    path = released_file()
    text = path.read_text("utf-8") if path.is_file() else ""
    ids = [promise.id for contract in _chosen(None) for promise in promises(contract)]
    new = new_ids(read_released(text), ids)
    path.write_text(text + "".join(f"{one}\n" for one in new), encoding="utf-8")
    sys.stdout.write(f"{len(new)} ids appended to {path}\n")


@app.command()
def schema(out: Out = None) -> None:
    """Print the JSON Schema of contract files, for editors."""
    from testcall_contract.schema import schema_text

    _put(schema_text(), out)


def _chosen(patterns: Sequence[str] | None) -> list[Contract]:
    """The contracts that any of ``patterns`` takes; all without one."""
    from fnmatch import fnmatchcase

    from testcall_contract.loader import contract_names, load

    names = contract_names()
    for pattern in patterns or ():
        if not any(fnmatchcase(name, pattern) for name in names):
            raise typer.BadParameter(f"--contract {pattern}: there are {', '.join(names)}")
    return [load(name) for name in names if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)]


def _proofs(records: Sequence[Path]) -> dict[str, str]:
    """Clause → the best that any of the records shows of its check."""
    if not records:
        return {}
    from testcall_contract.coverage import STATES
    from testcall_reports.reader import read_record

    rank = {str(state): position for position, state in enumerate(STATES)}
    best: dict[str, str] = {}
    for path in records:
        for verdict in read_record(path).verdicts:
            if verdict.proof and rank[verdict.proof] <= rank[best.get(verdict.clause, "unproven")]:
                best[verdict.clause] = verdict.proof
    return best


def _write(document: Document, form: Literal["text", "markdown", "html"], out: Path | None) -> None:
    from testcall_contract.document import render

    _put(render(document, form), out)


def _put(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"--out {out}: {error.strerror}") from None
    sys.stdout.write(f"{out}\n")
