"""
Sight: the access log and the metrics of the data plane.

``Sight`` is told, ``facts`` says what an exchange must know of itself, ``series`` is the list of metrics.
"""

from lockgate.gateway.sight.facts import Attempted, Finished, Outcome, TargetLabels
from lockgate.gateway.sight.sight import Flight, Sight, render_joined

__all__ = ["Attempted", "Finished", "Flight", "Outcome", "Sight", "TargetLabels", "render_joined"]
