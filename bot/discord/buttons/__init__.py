"""Persistent buttons, which work after a restart."""
