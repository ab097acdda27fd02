"""Adapters between Discord and the services."""
