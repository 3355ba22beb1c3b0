"""What a dashboard is, before Grafana: rows of panels, each one question with the queries that answer it."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["lines", "number", "bars", "states", "table"]
# From a value on, a colour; the first has no value.
Steps = tuple[tuple[float | None, str], ...]

OUTCOMES = (("PASS", "green"), ("FAIL", "red"), ("INCONCLUSIVE", "orange"), ("NOT_RUN", "text"))


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL query. `legend` names its series, or its column in a table, whose unit may be its own.

    `limit`: a promise, drawn as the line that the others stay under.
    """

    expr: str
    legend: str = ""
    unit: str = ""
    limit: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One question. `about`: what a good answer looks like, and what to do about another.

    `unit` is one of Grafana's; `runbook` a file of docs/runbooks without its ending; `needs` what must be installed for
    an answer, so that an empty panel is explained ("" for what every installation has); `by` the labels that are the
    first columns of a table; `outcomes`: the values are places in OUTCOMES, from 1; `traces`: the service whose traces
    its lines lead to, a name or, in Grafana's words, a label of each line ("": none).
    """

    title: str
    about: str
    queries: tuple[Query, ...]
    unit: str
    kind: Kind = "lines"
    width: int = 8
    height: int = 8
    steps: Steps = ()
    most: float | None = None
    runbook: str = ""
    needs: str = ""
    by: tuple[str, ...] = ()
    outcomes: bool = False
    traces: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels that answer one question together."""

    question: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A variable: the values of a label, of which some or all are chosen; `metric` is who has it, with matchers."""

    name: str
    metric: str
    label: str
    title: str

    @property
    def query(self) -> str:
        """The query of its values, in Grafana's words."""
        return f"label_values({self.metric}, {self.label})"


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard. `name` is its file and, with a prefix, its address; `since` the time that it shows at first."""

    name: str
    title: str
    about: str
    rows: tuple[Row, ...]
    choices: tuple[Choice, ...]
    since: str = "now-3h"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Every panel, in order."""
        return tuple(panel for row in self.rows for panel in row.panels)
