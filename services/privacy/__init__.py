"""Privacy: export, deletion and opt-out of personal data."""

from services.privacy.service import Export, PrivacyService

__all__ = ["Export", "PrivacyService"]
