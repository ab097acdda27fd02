"""The process of the local model: `python -P local_server.py GGUF SLOTS CONTEXT`.

All slots share the context. It prints its address on one line and exits when its standard input
closes, so that it never outlives the process that started it.
"""

import importlib
import os
import sys
from typing import Any


def main() -> None:
    """Serve OpenAI's chat completions from a GGUF file on loopback until standard input ends."""
    xllamacpp: Any = importlib.import_module("xllamacpp")  # it has no types
    path, slots, context = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    parameters = xllamacpp.CommonParams()
    parameters.model.path = path
    parameters.n_parallel = slots
    parameters.n_ctx = context
    parameters.kv_unified = True
    parameters.cpuparams.n_threads = max(1, (os.cpu_count() or 2))
    parameters.port = 0
    server = xllamacpp.Server(parameters)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # nobody waits for an answer in progress any more


if __name__ == "__main__":
    main()
