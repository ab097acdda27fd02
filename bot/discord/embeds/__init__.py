"""Embeds, lines of lists and plots, one module a feature."""
