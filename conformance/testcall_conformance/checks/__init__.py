"""Checks: for each rule, which scenes it needs and how their recordings are judged. Both halves are pure.

A check binds to a rule, never to a clause id; importing this package registers all of them.
"""

from importlib import import_module

from testcall_conformance.checks.registry import CHECKS, Check, Judgement, NotRun, Question, bound_rules

for _module in (
    "effects",
    "events",
    "interface",
    "listeners",
    "media",
    "operations",
    "ringing",
    "session",
    "settings",
    "surface",
):
    import_module(f"{__name__}.{_module}")

__all__ = ["CHECKS", "Check", "Judgement", "NotRun", "Question", "bound_rules"]
