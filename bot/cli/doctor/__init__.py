"""`troupe doctor`: checks of the set-up, one module a kind."""
