"""Weeks of the engine in seconds, and how like people it was."""

from services.engine.rehearsal.act import SimulatedAct
from services.engine.rehearsal.company import (
    BEGINS,
    Simulation,
    SimulationResult,
    synthetic_participant,
    synthetic_personalities,
)
from services.engine.rehearsal.measures import Measure, measures

__all__ = [
    "BEGINS",
    "Measure",
    "SimulatedAct",
    "Simulation",
    "SimulationResult",
    "measures",
    "synthetic_participant",
    "synthetic_personalities",
]
