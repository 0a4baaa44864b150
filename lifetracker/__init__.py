"""LifeTracker: challenges, a daily log, and an honest account of how they go."""

__version__ = "0.2.0"
