"""Every table there is, for comparing the models with the schema that the migrations made."""

from __future__ import annotations

from sqlmodel import SQLModel

import lifetracker.challenges.models
import lifetracker.daily_log.models
import lifetracker.migrations.readers
import lifetracker.templates.models
import lifetracker.users.models  # noqa: F401

METADATA = SQLModel.metadata
