"""The command line: `troupe run`, `worker`, `playground`, and the operator's console."""
