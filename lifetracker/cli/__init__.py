"""`lifetracker …`: the operator's commands, each of which hands over to its room; begin with `commands`."""
