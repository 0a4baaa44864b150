"""How `core/guards.py` reads the source and what each of its rules looks for; begin there, then with `source`."""
