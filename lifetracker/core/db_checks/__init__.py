"""What `core/db_check_repository.py` is made of, where reading begins; needs no door, so that it works without one."""
