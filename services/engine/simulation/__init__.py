"""Weeks of the engine in seconds, and figures of its rhythm."""

from services.engine.simulation.act import SimulatedAct
from services.engine.simulation.figures import (
    MIN_ACTS,
    Figure,
    act_times,
    days_needed,
    figures,
)
from services.engine.simulation.run import (
    START,
    Simulation,
    SimulationResult,
    synthetic_participant,
    synthetic_personalities,
)

__all__ = [
    "MIN_ACTS",
    "START",
    "Figure",
    "SimulatedAct",
    "Simulation",
    "SimulationResult",
    "act_times",
    "days_needed",
    "figures",
    "synthetic_participant",
    "synthetic_personalities",
]
