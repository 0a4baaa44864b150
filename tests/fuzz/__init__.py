"""Fuzzing: what `/openapi.json` promises, held against the application as it is served."""
