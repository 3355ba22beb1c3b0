"""Time in the engine's queue: no client can see it, so it is read from the engine's own histogram."""

from leanrag.engine.histogram import Histogram
from leanrag.slo.decide import Observation
from leanrag.slo.objectives import Objective


def waited(objective: Objective, seen: Histogram | None, sent: int) -> Observation:
    """Return what the engine counted during the run; `sent` requests of ours must be among them.

    A limit between two edges of the histogram leaves those of that bucket undetermined, and so are requests that the
    engine never counted: it counts one when it ends, and one that waits for ever does not. Without a histogram nobody
    can tell anything. The estimate is the upper edge of the percentile's bucket.
    """
    share = seen.share_above(objective.limit_seconds) if seen else None
    if seen is None or share is None or objective.percentile is None:
        return Observation(sent, 0, undetermined=sent)
    counted = round(seen.count)
    surely, perhaps = round(share.low * counted), round(share.high * counted)
    missing = max(0, sent - counted)
    place = seen.quantile(objective.percentile / 100)
    return Observation(
        n=counted + missing,
        violations=surely,
        undetermined=perhaps - surely + missing,
        estimate=objective.in_unit(place.high) if place else None,
    )
