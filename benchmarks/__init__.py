"""Measurements of testcall against bare floors and against other tools. Nothing here asserts; docs/benchmarks.md tells how to read it."""
