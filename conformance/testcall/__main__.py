"""``python -m testcall``."""

from testcall.cli import main

main()
