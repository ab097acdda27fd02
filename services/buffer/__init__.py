"""Buffer, a service that posts on social networks."""

from services.buffer.client import BufferClient
from services.buffer.publisher import BufferPublisher

__all__ = ["BufferClient", "BufferPublisher"]
