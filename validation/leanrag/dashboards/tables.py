"""How several answers become one table: joined by a label, with the columns that are meant, under names of ours."""

from collections.abc import Mapping, Sequence

from leanrag.dashboards.model import Panel

# Grafana's name of a transformation, and its options.
Step = tuple[str, Mapping[str, object]]


def values(panel: Panel) -> dict[str, str]:
    """Return what the columns of numbers are called, by Grafana's names: several have the query's letter."""
    if len(panel.queries) == 1:
        return {"Value": panel.queries[0].legend}
    return {f"Value #{chr(ord('A') + number)}": query.legend for number, query in enumerate(panel.queries)}


def transformations(by: Sequence[str], columns: Mapping[str, str]) -> list[Step]:
    """Return the steps from answers to one table, with the columns of `by` first."""
    order = [*by, *columns]
    joined: list[Step] = [("joinByField", {"byField": by[0], "mode": "outer"})] if len(columns) > 1 else []
    return [
        *joined,
        ("filterFieldsByName", {"include": {"names": order}}),
        ("organize", {"indexByName": {name: at for at, name in enumerate(order)}, "renameByName": dict(columns)}),
    ]
