"""A real server: Debian with its own systemd, nginx and Python in a container, and what may befall it.

    nox -s e2e                      the trees, then the tests that take minutes
    nox -s e2e -- -k restart        those whose names say so
    nox -s e2e -- --whole           the long ones, too

The ordinary suite passes these tests over: they need root, Debian's packages and some minutes.
"""
