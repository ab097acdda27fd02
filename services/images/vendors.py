"""The registry of vendors of image models.

A vendor is an entry here, an adapter beside this module and a line in `bot/app/vendors.py` that
builds it. Its concurrency group and the checks of the settings derive from the entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ImageVendor:
    """A vendor: the settings of its key and of its model.

    `concurrency` is how many background jobs call it at once, over all processes.
    """

    name: str
    key_setting: str
    model_setting: str
    concurrency: int = 4


_REGISTERED = (
    ImageVendor(
        name="replicate", key_setting="replicate_api_token", model_setting="replicate_model"
    ),
    ImageVendor(name="gemini", key_setting="gemini_api_key", model_setting="gemini_image_model"),
)

# The first that has a key is used, unless `IMAGE_VENDOR` names another.
IMAGE_VENDORS: Mapping[str, ImageVendor] = {vendor.name: vendor for vendor in _REGISTERED}
