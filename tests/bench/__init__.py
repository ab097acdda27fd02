"""How long things take. Later features add their measures to `MEASURES`."""
