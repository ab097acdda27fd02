"""What the product does, one folder a feature. Nothing here knows Discord."""
