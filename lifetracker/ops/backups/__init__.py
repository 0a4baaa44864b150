"""Copies of the database that were checked, and one step that puts one in place; begin with `backup`."""
