"""Measured against a peer and against our own floor, at ten thousand entries and at ten million.

    nox -s bench    the same jobs by PocketBase, by us and by an empty endpoint
    nox -s flat     the same calls on a small database and on a large one
    nox -s beside   how long others wait beside a person who keeps very much
    nox -s flame    where the time of a mixed day goes

All of it runs on this machine alone, over the loopback; each writes its part of docs/performance.md.
"""
