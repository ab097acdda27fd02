"""Weeks of the engine in seconds, and how like people it was."""

from services.engine.simulation.act import SimulatedAct
from services.engine.simulation.measures import Measure, measures
from services.engine.simulation.run import (
    BEGINS,
    Simulation,
    SimulationResult,
    synthetic_participant,
    synthetic_personalities,
)

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
