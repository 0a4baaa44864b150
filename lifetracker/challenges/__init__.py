"""Challenges: begin with `rules`; turns of their life are in `life_service`, limits of titles in `templates.fields`."""
