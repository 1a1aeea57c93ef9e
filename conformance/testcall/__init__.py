"""The face of testcall: the command, the pytest plugin, and what users import."""
