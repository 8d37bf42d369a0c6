"""What servers write for people to read: the shapes of bounces that are no report.

They are tried in order, the telling ones first; the first that finds a recipient is taken.
"""

from resolutions.shape import Shape
from resolutions.shapes import carriers, exchange, gateways, servers, services

SHAPES: tuple[Shape, ...] = (
    *exchange.SHAPES,
    *gateways.SHAPES,
    *carriers.SHAPES,
    *services.SHAPES,
    *servers.SHAPES,
)
