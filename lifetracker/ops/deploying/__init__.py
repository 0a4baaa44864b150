"""One switch from one release to another, and the way back from every step; begin with `deploy`."""
