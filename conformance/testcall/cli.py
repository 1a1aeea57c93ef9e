"""The command ``testcall``. Each subcommand loads only what it needs; a user's mistake is one line and exit code 2.

stdout holds the result (summary and path, or JSON); progress goes to stderr.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from testcall import spec_cli

USAGE_ERROR = 2

app = typer.Typer(
    name="testcall",
    help="Tells whether a build of a calling SDK keeps the promises of its documentation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(spec_cli.app, name="spec")

Sdk = Annotated[
    list[str],
    typer.Option("--sdk", help="A build: npm:NAME@VERSION, file:PATH, exec:COMMAND, connect:NAME, reference:CONTRACT."),
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for record and reports; default testcall-out/<time>.")]


def main() -> None:
    """Run the command; whatever a user can put right ends in one line and exit code 2."""
    try:
        app(standalone_mode=False)
    except typer.Exit as end:
        sys.exit(end.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        message = _user_message(error)
        if message is None:
            raise
        sys.stderr.write(f"testcall: {message}\n")
        sys.exit(USAGE_ERROR)


def _user_message(error: Exception) -> str | None:
    """The one line for an error that a user can put right; None for a fault of ours."""
    names = {base.__name__ for base in type(error).__mro__}
    if "ClickException" in names:  # of click, or of the copy that Typer carries
        context = getattr(error, "ctx", None)
        hint = f" (see: {context.command_path} --help)" if context else ""
        return f"{error.format_message()}{hint}"  # type: ignore[attr-defined]
    known = {"ContractError", "SimulatorError", "ConformanceError", "ReportError"}
    return str(error) if names & known else None


@app.command()
def run(
    sdk: Sdk,
    contract: Annotated[
        str | None, typer.Option(help="Judge by this contract (a name or a YAML file) instead of the build's own.")
    ] = None,
    clause: Annotated[
        list[str] | None, typer.Option(help="Only clauses whose id matches this glob (repeatable).")
    ] = None,
    family: Annotated[list[str] | None, typer.Option(help="Only families that match this glob (repeatable).")] = None,
    profile: Annotated[
        Literal["quick", "full", "nightly"], typer.Option(help="How much is drawn and repeated.")
    ] = "quick",
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    out: Out = None,
    baseline: Annotated[Path | None, typer.Option(help="Known failures, or an earlier record.")] = None,
    fail_on: Annotated[Literal["any", "new"], typer.Option(help="Which failures make exit code 1.")] = "any",
    rerun_failed: Annotated[Path | None, typer.Option(help="Only what failed in this earlier record.")] = None,
    jobs: Annotated[int, typer.Option(help="Workers; 0: as many as the cores can keep busy.")] = 0,
    shard: Annotated[str, typer.Option(help="Part i/n of the work units; `testcall merge` joins the parts.")] = "1/1",
    init_script: Annotated[
        list[Path] | None, typer.Option(help="JavaScript run in every page before the SDK loads (repeatable).")
    ] = None,
    headed: Annotated[bool, typer.Option(help="Show the browser.")] = False,
    keep_open: Annotated[bool, typer.Option(help="Leave the browser open at the end.")] = False,
    strict: Annotated[bool, typer.Option(help="A failed `should` counts like a `must`.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option(help="No progress.")] = False,
) -> None:
    """Judge builds by their documentation and write the report."""
    from testcall_conformance.adapters import ConnectOptions
    from testcall_conformance.plan import Selection
    from testcall_conformance.runner import RunOptions
    from testcall_conformance.runner import run as run_all

    folder = out or Path("testcall-out") / datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    options = RunOptions(
        sdks=tuple(sdk),
        out=folder,
        contract=contract,
        selection=Selection(tuple(clause or ()), tuple(family or ()), _failed_in(rerun_failed)),
        profile=profile,
        seed=seed,
        jobs=jobs,
        shard=_part(shard),
        baseline=baseline,
        fail_on=fail_on,
        strict=strict,
        command=shlex.join(["testcall", *sys.argv[1:]]),
        connect=ConnectOptions(
            contract=contract, headed=headed, keep_open=keep_open, init_scripts=tuple(_scripts(init_script or []))
        ),
    )
    started = time.monotonic()
    summary = run_all(options, _progress(quiet))
    _print_summary(summary, folder, as_json=as_json, seconds=time.monotonic() - started)
    raise typer.Exit(summary.exit_code)


def _scripts(paths: list[Path]) -> list[str]:
    texts = []
    for path in paths:
        try:
            texts.append(path.read_text())
        except OSError as error:
            raise typer.BadParameter(f"--init-script {path}: {error.strerror}") from None
    return texts


def _part(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if not (index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise typer.BadParameter(f"--shard {text!r}: write i/n with 1 <= i <= n, such as 2/4")
    return int(index), int(count)


def _failed_in(path: Path | None) -> frozenset[str]:
    """The clauses that did not pass in an earlier record."""
    if path is None:
        return frozenset()
    from testcall_reports.reader import read_record

    record = read_record(path)
    failed = frozenset(v.clause for v in record.verdicts if v.verdict in ("fail", "error", "inconclusive"))
    if not failed:
        raise typer.BadParameter(f"--rerun-failed {path}: nothing failed in that record")
    return failed


def _progress(quiet: bool) -> Any:
    def show(step: Any) -> None:
        if quiet:
            return
        sys.stderr.write(f"[{step.done}/{step.total}] {step.text}\n")
        for line in step.trouble:
            sys.stderr.write(f"    {line}\n")
        sys.stderr.flush()

    return show


def _print_summary(summary: Any, folder: Path, *, as_json: bool, seconds: float) -> None:
    if as_json:
        sys.stdout.write(summary.model_dump_json(indent=2) + "\n")
        return
    from testcall_reports.summary_text import summary_text

    sys.stdout.write(summary_text(summary, colour=sys.stdout.isatty()))
    sys.stderr.write(f"took {seconds:.0f} s\n")
    sys.stdout.write(f"{folder / 'report.html'}\n")


@app.command()
def simulate(
    host: Annotated[str, typer.Option(help="Where to listen; loopback unless you say otherwise.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port without TLS; 0 picks one.")] = 0,
    tls_port: Annotated[int, typer.Option(min=0, max=65535, help="Port with TLS; 0 picks one.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of ids and tokens.")] = 0,
    world: Annotated[Path | None, typer.Option(help="YAML file with apps, users and sessions.")] = None,
    clock: Annotated[Literal["real", "virtual"], typer.Option(help="The service's clock.")] = "real",
    print_form: Annotated[
        Literal["playwright", "cypress", "env"] | None, typer.Option("--print", help="Print what your own app needs.")
    ] = None,
    assumptions: Annotated[bool, typer.Option(help="Print what no source tells about the service, and stop.")] = False,
    trace_limit: Annotated[int, typer.Option(min=1, help="Events that the trace keeps.")] = 10_000,
    webhook: Annotated[
        list[str] | None,
        typer.Option(
            help="Address that is told of calls (http://user:password@… for basic authentication); repeatable."
        ),
    ] = None,
) -> None:
    """Simulate the calling service on this machine, until Ctrl-C."""
    from testcall_simulator.simulate import SimulateOptions, run_simulate

    options = SimulateOptions(
        host=host, port=port, tls_port=tls_port, seed=seed, world=world, clock=clock, print=print_form,
        assumptions=assumptions, webhooks=tuple(webhook or ()), trace_limit=trace_limit,
    )  # fmt: skip
    raise typer.Exit(run_simulate(options))


@app.command()
def report(
    record: Annotated[Path, typer.Argument(help="A run's folder or its record.jsonl.")],
    out: Annotated[Path | None, typer.Option("--out", help="Where the HTML goes; default beside the record.")] = None,
    baseline: Annotated[Path | None, typer.Option(help="Known failures.")] = None,
    write_baseline: Annotated[
        Path | None, typer.Option(help="Write the record's failures as known failures there.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML there.")] = None,
) -> None:
    """Render a run record again: HTML, JUnit XML, a baseline."""
    from testcall_reports import commands

    if write_baseline:
        sys.stdout.write(f"{commands.write_baseline(record, write_baseline)}\n")
        return
    if junit:
        sys.stdout.write(f"{commands.write_junit(record, junit, baseline=baseline)}\n")
    folder = record if record.is_dir() else record.parent
    sys.stdout.write(f"{commands.render_html(record, out or folder / 'report.html', baseline=baseline)}\n")


@app.command()
def merge(
    records: Annotated[list[Path], typer.Argument(help="Records, run folders, or folders of shards.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the merged record and its reports.")],
) -> None:
    """Join the parts of a run (shards) into one record with its reports."""
    from testcall_reports import commands

    commands.merge_records(records, out / "record.jsonl")
    summary = commands.write_reports(out)
    _print_summary(summary, out, as_json=False, seconds=0)
    raise typer.Exit(summary.exit_code)


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="The earlier record.")],
    after: Annotated[Path, typer.Argument(help="The later record; may be the same one.")],
    before_build: Annotated[str, typer.Option(help="Which build of the first record.")] = "",
    after_build: Annotated[str, typer.Option(help="Which build of the second record.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Say what changed from one build to another: new failures, fixed, other alternatives, other behaviour."""
    from testcall_reports import commands
    from testcall_reports.compare import comparison_text

    found = commands.compare_records(before, after, before_build=before_build, after_build=after_build)
    sys.stdout.write(found.model_dump_json(indent=2) + "\n" if as_json else comparison_text(found))


@app.command()
def smoke(sdk: Sdk) -> None:
    """Try an adapter alone: whether it keeps the protocol."""
    import asyncio

    from testcall_conformance.adapters import connect
    from testcall_conformance.smoke import is_usable
    from testcall_conformance.smoke import smoke as try_adapter

    usable = True
    for text in sdk:
        sys.stdout.write(f"{text}\n")
        findings = asyncio.run(_smoke(text, connect, try_adapter))
        for finding in findings:
            sys.stdout.write(f"  {finding.level:<8} {finding.check:<24} {finding.detail}\n")
        usable = usable and is_usable(findings)
    raise typer.Exit(0 if usable else 3)


async def _smoke(text: str, connect: Any, try_adapter: Any) -> Any:
    return await try_adapter(await connect(text))


@app.command()
def fetch(
    packages: Annotated[list[str], typer.Argument(help="npm:NAME@VERSION of builds to bring into the cache.")],
) -> None:
    """Bring published builds into the cache, verified by their integrity hash; nothing is done for one that is there."""
    import asyncio

    from testcall_conformance.adapters import ConnectOptions
    from testcall_conformance.packages import resolve

    for text in packages:
        package = asyncio.run(resolve(text, ConnectOptions()))
        sys.stdout.write(f"{package.name}@{package.version} is in the cache\n")


@app.command()
def doctor(
    need: Annotated[
        list[str] | None, typer.Option(help="Look for this only: python, media, browser, npm (repeatable).")
    ] = None,
    quiet: Annotated[bool, typer.Option(help="Only the exit code.")] = False,
) -> None:
    """Say what this machine has and lacks for a run."""
    from testcall.doctor import EXAMINATIONS, examine

    unknown = [name for name in need or () if name not in EXAMINATIONS]
    if unknown:
        raise typer.BadParameter(f"--need {unknown[0]}: none of {', '.join(EXAMINATIONS)}")
    findings = examine(need or ())
    if not quiet:
        for finding in findings:
            sys.stdout.write(f"{'ok     ' if finding.good else 'missing'} {finding.name:<8} {finding.detail}\n")
    raise typer.Exit(0 if all(finding.good for finding in findings) else USAGE_ERROR)


if __name__ == "__main__":
    main()
