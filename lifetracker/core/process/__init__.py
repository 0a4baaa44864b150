"""What this process tells systemd and uvicorn, and how it ends; begin with `notify`."""
