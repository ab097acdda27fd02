"""Image models: one module a vendor, asked through `ImageModels`, which pays for nothing twice."""

from services.painters.easels import StepGenerationState
from services.painters.errors import ImageGenerationFailed, ImageGenerationLost, NoImageModel
from services.painters.ports import GenerationState, ImageModel
from services.painters.service import ImageModels
from services.painters.studio import ImagePipeline, StoredImage
from services.painters.types import GeneratedImage, ImageRequest, Prediction

__all__ = [
    "GeneratedImage",
    "GenerationState",
    "ImageGenerationFailed",
    "ImageGenerationLost",
    "ImageModel",
    "ImageModels",
    "ImagePipeline",
    "ImageRequest",
    "NoImageModel",
    "Prediction",
    "StepGenerationState",
    "StoredImage",
]
