"""What every feature stands on, and knows none of them; begin with `db/` for data, with `http/` for requests."""
