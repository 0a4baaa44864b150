"""Challenges: their rules, their life cycle, and later their members."""
