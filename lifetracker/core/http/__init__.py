"""What HTTP asks of us and the web framework does, which stays in here: from the `edge` inwards, where to begin."""
