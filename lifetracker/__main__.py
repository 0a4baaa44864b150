"""`python -m lifetracker`, for where the command is not installed."""

from lifetracker.cli import main

main()
