"""Where a decision leaves the pin of a cluster."""

from leanrag.promote.moves import Move


def moved(shop, cluster="staging"):
    """Return where a cluster's pin goes; a Wait names a commit, too, and is no move."""
    decision = shop.decide()[cluster]
    return decision.revision if isinstance(decision, Move) else decision.reason
