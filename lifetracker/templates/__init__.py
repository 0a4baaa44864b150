"""The catalogue a challenge can be started from, and what a template and a challenge promise."""
