"""The run record, and what is rendered from it.

Data goes one way: ``record`` (what a line may say) → ``writer`` (with ``scrub`` and ``clean``) → file → ``reader`` → ``Record``.
From a ``Record``: ``summary`` (counts, exit code), ``baseline`` (known failures), ``merge``, ``compare``, ``junit``, ``html``. All of
these are pure; ``commands`` is the edge that reads and writes files. No contract is read anywhere: the record says it all.
"""
