"""Simulation of the engine in memory, and measures that compare it with people."""

from services.engine.simulation.act import SimulatedAct
from services.engine.simulation.measures import Measure, measures
from services.engine.simulation.run import (
    START,
    Simulation,
    SimulationResult,
    synthetic_participant,
    synthetic_personalities,
)

__all__ = [
    "START",
    "Measure",
    "SimulatedAct",
    "Simulation",
    "SimulationResult",
    "measures",
    "synthetic_participant",
    "synthetic_personalities",
]
