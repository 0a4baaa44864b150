"""A bare server brought to where `deploy` works; begin with `init`."""
