"""Moving in from the database that was before: read there, written here."""

from services.legacy.errors import LegacyShapeUnknown, LegacyUnreachable
from services.legacy.report import Kind, Report
from services.legacy.service import import_legacy

__all__ = ["Kind", "LegacyShapeUnknown", "LegacyUnreachable", "Report", "import_legacy"]
