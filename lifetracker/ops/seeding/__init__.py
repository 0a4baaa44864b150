"""Believable people by the million, for an empty database on a desk; begin with `seed`."""
