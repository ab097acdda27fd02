"""Weeks of the engine in seconds, and figures of its rhythm."""

from services.engine.simulation.act import SimulatedAct
from services.engine.simulation.figures import Figure, figures
from services.engine.simulation.run import (
    START,
    Simulation,
    SimulationResult,
    synthetic_participant,
    synthetic_personalities,
)

__all__ = [
    "START",
    "Figure",
    "SimulatedAct",
    "Simulation",
    "SimulationResult",
    "figures",
    "synthetic_participant",
    "synthetic_personalities",
]
