"""Stand-ins of external APIs on loopback, which validate the requests they get."""
