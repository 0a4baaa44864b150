"""The door to the database and what it stands on: connections, statements, who writes when; begin with `door`."""

from lifetracker.core.db.door import Database
from lifetracker.core.db.transaction import Transaction, Work, asks_once, takes_long

__all__ = ["Database", "Transaction", "Work", "asks_once", "takes_long"]
