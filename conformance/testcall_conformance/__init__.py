"""Adapters, reference SDK, checks, judge, strategies, mutants and runner."""
