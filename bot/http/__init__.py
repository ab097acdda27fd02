"""The admin API and the routes that serve media."""
