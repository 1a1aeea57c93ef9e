"""The documented contract: models, loader, rules, session machine, trace models and redaction."""
