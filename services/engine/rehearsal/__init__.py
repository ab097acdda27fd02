"""Weeks of the engine in seconds, and how like people it was."""

from services.engine.rehearsal.act import Act
from services.engine.rehearsal.company import BEGINS, Company, Rehearsal, seat, strangers
from services.engine.rehearsal.measures import Measure, measures

__all__ = ["BEGINS", "Act", "Company", "Measure", "Rehearsal", "measures", "seat", "strangers"]
