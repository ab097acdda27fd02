"""Stand-ins of outside APIs on loopback, which check what they are asked."""
