"""The daily log: entries (`service`), numbers (`progress`, shown by `today_service`), imports (`import_service`)."""
