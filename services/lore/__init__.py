"""Lorebooks: what personalities know of when it is spoken of."""
