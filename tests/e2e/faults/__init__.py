"""What may befall a server: each fault on a machine of its own, with the end that is promised for it.

docs/reliability.md lists them all, and those that need no machine, with where each is tested.
"""
