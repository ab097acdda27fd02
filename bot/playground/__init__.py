"""The real bot over a simulated Discord, in the browser: for trying, and for tests."""
