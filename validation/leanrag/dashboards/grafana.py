"""A dashboard as Grafana's JSON (grafana-foundation-sdk): the same text for the same board, so a diff can be read."""

from collections.abc import Callable, Mapping

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as choice
from grafana_foundation_sdk.models import dashboard as shape
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from leanrag.dashboards.model import OUTCOMES, Board, Choice, Kind, Panel, Query
from leanrag.dashboards.tables import transformations, values

AnyPanel = timeseries.Panel | stat.Panel | bargauge.Panel | statetimeline.Panel | table.Panel

# charts/observe/grafana gives its data source this name.
SOURCE = choice.DataSourceRef(type_val="prometheus", uid="prometheus")
TAG = "lean-rag"
# The chart puts the address of docs/runbooks in its place.
RUNBOOKS = "RUNBOOKS"
# The chart puts the address of a page of traces in its place, and what follows the stroke into that.
TRACES = "TRACES"
_LIMIT: Mapping[str, object] = {
    "color": {"mode": "fixed", "fixedColor": "red"},
    "custom.lineStyle": {"fill": "dash", "dash": [8, 8]},
    "custom.fillOpacity": 0,
    "custom.lineWidth": 2,
}
# These show one moment, and never what was.
_INSTANT = {"number", "bars", "table"}


def text(board: Board) -> str:
    """Return a dashboard as JSON with sorted keys."""
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(_built(board)) + "\n"


def _built(board: Board) -> shape.Dashboard:
    made = (
        dashboard.Dashboard(board.title)
        .uid(f"lean-rag-{board.name}")
        .description(board.about)
        .tags([TAG])
        .time(board.since, "now")
        .refresh("1m")
        .readonly()
        .tooltip(shape.DashboardCursorSync.CROSSHAIR)
        .links([_others()])
        .variables([_variable(each) for each in board.choices])
    )
    number = 0
    for row in board.rows:
        made.with_row(dashboard.Row(row.question).id(number := number + 1))
        for panel in row.panels:
            made.with_panel(_panel(panel).id(number := number + 1))
    return made.build()


def _others() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Others").type(shape.DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(True).include_vars(True).placement("")


def _variable(each: Choice) -> dashboard.QueryVariable:
    every = shape.VariableOption(text=["All"], value=["$__all"])
    made = dashboard.QueryVariable(each.name).label(each.title).datasource(SOURCE).query(each.query)
    made = made.refresh(shape.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(shape.VariableSort.ALPHABETICAL_ASC)
    return made.multi(True).include_all(True).all_value(".*").current(every)


def _panel(panel: Panel) -> AnyPanel:
    """Return a panel of its kind, with all that the kinds share."""
    made = _KINDS[panel.kind]()
    made.title(panel.title).description(_about(panel)).datasource(SOURCE).unit(panel.unit)
    made.span(panel.width).height(panel.height)
    made.targets([_target(panel, query, number) for number, query in enumerate(panel.queries)])
    made.thresholds(_steps(panel)).no_value(f"needs {panel.needs}" if panel.needs else "no data")
    if panel.most is not None:
        made.min(0).max(panel.most)
    if isinstance(made, timeseries.Panel):
        _scaled(panel, made)
    if panel.traces:
        made.data_links([dashboard.DashboardLink("Traces").url(f"{TRACES}/{panel.traces}").target_blank(True)])
    if panel.runbook:
        made.links([dashboard.DashboardLink("Runbook").url(f"{RUNBOOKS}/{panel.runbook}.md").target_blank(True)])
    if panel.outcomes:
        made.mappings([_outcomes()])
    # A limit is nobody's request.
    plain: Mapping[str, object] = {"links": []} if panel.traces else {}
    dashed = [shape.DynamicConfigValue(key, value) for key, value in {**_LIMIT, **plain}.items()]
    for number, query in enumerate(panel.queries):
        if query.limit:
            made.override_by_query(_ref(number), dashed)
    return _as_table(panel, made) if isinstance(made, table.Panel) else made


def _about(panel: Panel) -> str:
    return f"{panel.about}\n\nNeeds: {panel.needs}" if panel.needs else panel.about


def _ref(number: int) -> str:
    return chr(ord("A") + number)


def _target(panel: Panel, query: Query, number: int) -> prometheus.Dataquery:
    made = prometheus.Dataquery().ref_id(_ref(number)).datasource(SOURCE).expr(query.expr)
    made = made.instant() if panel.kind in _INSTANT else made.range()
    if panel.kind == "table":
        return made.format(PromQueryFormat.TABLE)
    return made.legend_format(query.legend)


def _steps(panel: Panel) -> dashboard.ThresholdsConfig:
    steps = [shape.Threshold(value, colour) for value, colour in panel.steps or ((None, "green"),)]
    return dashboard.ThresholdsConfig().mode(shape.ThresholdsMode.ABSOLUTE).steps(steps)


def _outcomes() -> shape.ValueMap:
    named = enumerate(OUTCOMES, 1)
    return shape.ValueMap({str(at): shape.ValueMappingResult(name, colour, index=at) for at, (name, colour) in named})


def _as_table(panel: Panel, made: table.Panel) -> table.Panel:
    for query in panel.queries:
        if query.unit:
            made.override_by_name(query.legend, [shape.DynamicConfigValue("unit", query.unit)])
    steps = transformations(panel.by, values(panel))
    return made.transformations([shape.DataTransformerConfig(name, options=options) for name, options in steps])


def _lines() -> timeseries.Panel:
    legend = common.VizLegendOptions().show_legend(True)
    legend = legend.display_mode(choice.LegendDisplayMode.LIST).placement(choice.LegendPlacement.BOTTOM)
    made = timeseries.Panel().legend(legend).line_width(1).fill_opacity(8)
    return made.show_points(choice.VisibilityMode.NEVER)


def _scaled(panel: Panel, made: timeseries.Panel) -> None:
    """Begin at 0, or, where thresholds are said, show them: then values may lie on either side."""
    if panel.steps:
        made.thresholds_style(common.GraphThresholdsStyleConfig().mode(choice.GraphThresholdsStyleMode.DASHED))
    else:
        made.axis_soft_min(0)


def _number() -> stat.Panel:
    return stat.Panel().color_mode(choice.BigValueColorMode.VALUE).graph_mode(choice.BigValueGraphMode.NONE)


def _bars() -> bargauge.Panel:
    return bargauge.Panel().orientation(choice.VizOrientation.HORIZONTAL).min(0)


def _states() -> statetimeline.Panel:
    return statetimeline.Panel().show_value(choice.VisibilityMode.AUTO).merge_values(True)


_KINDS: Mapping[Kind, Callable[[], AnyPanel]] = {
    "lines": _lines,
    "number": _number,
    "bars": _bars,
    "states": _states,
    "table": table.Panel,
}
