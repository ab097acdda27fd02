"""Benchmarks. A new one is added to `MEASURES` in `__main__`."""
