"""`troupe doctor`: checks of the configuration."""
