"""What people may ask of their data: all of it, none of it, and not to be in it."""

from services.privacy.service import Export, PrivacyService

__all__ = ["Export", "PrivacyService"]
