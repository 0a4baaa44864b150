"""What an operator is told when something cannot be done."""

from __future__ import annotations


class Refused(Exception):
    """The text says, in a sentence, what is the matter and what to do; nothing was changed unless it says so."""
