"""The run record, and what is rendered from it."""
