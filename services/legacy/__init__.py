"""Import of the database of the previous bot."""

from services.legacy.errors import LegacyShapeUnknown, LegacyUnreachable
from services.legacy.report import ImportReport, RowKind
from services.legacy.service import import_legacy

__all__ = ["ImportReport", "LegacyShapeUnknown", "LegacyUnreachable", "RowKind", "import_legacy"]
