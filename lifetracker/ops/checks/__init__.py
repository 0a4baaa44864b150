"""What ops-check looks at: a table of checks, each a function that answers with a verdict; begin with `ops_check`."""
