"""The daily log: entries, today, progress, and the import of another tracker's log."""
