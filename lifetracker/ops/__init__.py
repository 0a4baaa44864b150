"""Running it on a server: release, deploy and rollback, backup and restore, ops-check.

Knows no feature, and no table by name: what it must ask of a database or of a release, it asks that release's own code.
Begin with `commands`, which hand over to the folders.
"""
