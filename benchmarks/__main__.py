"""``python -m benchmarks [--full] [NAME …]``: run the benchmarks, print a table, write JSON. Names: see :data:`NAMES`."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import time

from benchmarks import report

NAMES = ("contract", "http", "xmpp", "soak", "media", "run")


def main() -> int:
    """Run what is asked for. A benchmark that can't run says why, and the others still run; then the exit code is 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures; asserts nothing.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which (all by default): {', '.join(NAMES)}")
    parser.add_argument("--full", action="store_true", help="more repetitions, more peers and longer loads")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that children are ended too
    if unknown := [name for name in chosen.names if name not in NAMES]:
        parser.error(f"no benchmark {unknown[0]!r}; there are: {', '.join(NAMES)}")
    results, failed = {}, False
    for name in chosen.names or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        report.print_heading(name, module.TITLE)
        before, began = report.load_average(), time.perf_counter()
        try:
            figures = module.measure(full=chosen.full)
        except Exception as error:
            print(f"  {name} could not be measured: {type(error).__name__}: {error}", flush=True)
            failed = True
            continue
        seconds = time.perf_counter() - began
        report.print_figures(figures)
        after = report.load_average()
        print(f"  {seconds:.0f} s; load average {before:.1f} before, {after:.1f} after", flush=True)
        results[name] = {"seconds": seconds, "load_average": [before, after], "figures": report.as_json(figures)}
    print(f"\n{report.write(results, full=chosen.full)}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
