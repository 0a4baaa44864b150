"""The fields in which people say things in their own words: how each may be written, and what the document says of it.

Those of templates, of the challenges that come of them, and of their days. Pure: no I/O, no clock.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from lifetracker.core.schemas import NOT_BLANK, Spelled, Text

# How many code points each may have; what an import brings is cut there.
LONGEST_TITLE, LONGEST_DESCRIPTION, LONGEST_NOTE, LONGEST_UNIT = 200, 5_000, 10_000, 40

# For what is shown, too, however it came to be written.
TITLE = Field(description="What it is called.", examples=["Read"])
DESCRIPTION = Field(description="What it is about; empty when nothing is said.", examples=["Twenty pages a day."])
NOTE = Field(description="What the person wrote beside the day; null for nothing.", examples=["fell asleep"])
UNIT = Field(description="What a measure counts in, such as `pages`; null for a check.", examples=["pages"])
ICON = Field(description="A sign for it, such as an emoji; null for none.", examples=["📚"])
COLOR = Field(description="Its colour as `#RRGGBB`; null for none.", examples=["#3366CC"])
TAGS = Field(description="Words to find and group it by.", examples=[["evening"]])
SLUG = Field(description="The template's name in paths: lower-case words with hyphens.", examples=["read-20-pages"])

Title = Annotated[Text, StringConstraints(min_length=1, max_length=LONGEST_TITLE), *NOT_BLANK, TITLE]
Description = Annotated[Text, StringConstraints(max_length=LONGEST_DESCRIPTION), DESCRIPTION]
Note = Annotated[Text, StringConstraints(max_length=LONGEST_NOTE), NOTE]
Unit = Annotated[Text, StringConstraints(min_length=1, max_length=LONGEST_UNIT), UNIT]
Icon = Annotated[Text, StringConstraints(min_length=1, max_length=40), ICON]
Color = Annotated[str, Spelled("#[0-9A-Fa-f]{6}", "A colour is written as #RRGGBB, such as #2E7D32"), COLOR]
Tag = Annotated[Text, StringConstraints(min_length=1, max_length=40)]
Tags = Annotated[list[Tag], Field(max_length=20), TAGS]
Slug = Annotated[
    str,
    StringConstraints(max_length=100),
    Spelled("[a-z0-9]+(-[a-z0-9]+)*", "A slug has small letters and digits, in words that hyphens join"),
    SLUG,
]
