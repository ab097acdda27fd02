"""Image models: one module a vendor, asked through `ImageModels`, which pays for nothing twice."""

from services.images.errors import ImageGenerationFailed, ImageGenerationLost, NoImageModel
from services.images.generation_state import StepGenerationState
from services.images.pipeline import ImagePipeline, StoredImage
from services.images.ports import GenerationState, ImageModel
from services.images.service import ImageModels
from services.images.types import GeneratedImage, ImageRequest, Prediction

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
