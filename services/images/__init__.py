"""Image models: one module per vendor; `ImageModels` never pays for a picture twice."""

from services.images.errors import ImageGenerationFailed, ImageGenerationLost, NoImageModel
from services.images.pipeline import ImagePipeline, StoredImage
from services.images.ports import GenerationState, ImageModel, StepGenerationState, Steps
from services.images.service import ImageModels
from services.images.types import GeneratedImage, ImageRequest, Prediction
from services.images.vendors import IMAGE_VENDORS, ImageVendor

__all__ = [
    "IMAGE_VENDORS",
    "GeneratedImage",
    "GenerationState",
    "ImageGenerationFailed",
    "ImageGenerationLost",
    "ImageModel",
    "ImageModels",
    "ImagePipeline",
    "ImageRequest",
    "ImageVendor",
    "NoImageModel",
    "Prediction",
    "StepGenerationState",
    "Steps",
    "StoredImage",
]
