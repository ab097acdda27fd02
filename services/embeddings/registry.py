"""The registry of image embedders.

An embedder is an entry here, an adapter beside this module and a line in `bot/app/vendors.py` that
builds it.
"""

from collections.abc import Mapping

# By the name that `IMAGE_EMBEDDER` takes: the setting that it needs, or None.
IMAGE_EMBEDDERS: Mapping[str, str | None] = {
    "local": None,
    "image_embed": "image_embed_url",
    "gemini": "gemini_api_key",
}
