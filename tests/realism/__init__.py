"""How like people's the engine's rhythm is, against percentiles of public archives."""
