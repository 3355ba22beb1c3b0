"""Gate history: what was judged, how closely, and what moved."""

from leanrag.dashboards.model import OUTCOMES, Board, Choice, Panel, Query, Row
from leanrag.dashboards.words import CLUSTER, clusters

_MODEL = f'{CLUSTER},model=~"$model"'
_VERDICT = "a verdict of the gate"
_PROMOTER = "the promoter"
# Good is above; what is left is never judged by colour alone, the number stands beside it.
_LEFT = ((None, "red"), (0.0, "orange"), (0.25, "green"))


def _place(metric: str, by: str, where: str) -> str:
    """Return the outcome as its place in OUTCOMES: each is a series of its own, 1 for the one that holds."""
    each = (f'{number} * {metric}{{{where},outcome="{name}"}}' for number, (name, _) in enumerate(OUTCOMES, 1))
    return f"max by ({by}) ({' or '.join(each)})"


_NOW = Row(
    "Where does each cluster stand?",
    (
        Panel(
            "What did the gate say?",
            "Only PASS promotes. INCONCLUSIVE and NOT_RUN are no answer, and not a failure.",
            (Query(_place("leanrag_gate_outcome", "cluster", CLUSTER), "{{cluster}}"),),
            "none",
            kind="states",
            width=12,
            needs=_VERDICT,
            outcomes=True,
        ),
        Panel(
            "How old is the last measurement?",
            "A carried verdict is new, and what was measured is older.",
            (
                Query(
                    f"time() - max by (cluster) (leanrag_gate_measured_timestamp_seconds{{{CLUSTER}}})", "{{cluster}}"
                ),
            ),
            "s",
            kind="number",
            width=12,
            runbook="GateStale",
            needs=_VERDICT,
        ),
    ),
)

_COMMITS = Row(
    "Which commits were judged?",
    (
        Panel(
            "Which commit has which verdict?",
            "Every verdict in the time shown.",
            (
                Query(
                    f"max_over_time(({_place('leanrag_gate_outcome', 'cluster', CLUSTER)}"
                    " * on (cluster) group_right ()"
                    " max by (cluster, environment, revision, id, mode, trigger, attempt)"
                    f" (leanrag_gate_verdict_info{{{CLUSTER}}}))[$__range:5m])",
                    "outcome",
                ),
            ),
            "none",
            kind="table",
            width=24,
            needs=_VERDICT,
            by=("cluster", "environment", "revision", "id", "mode", "trigger", "attempt"),
            outcomes=True,
        ),
    ),
)

_MARGINS = Row(
    "How close was it?",
    (
        Panel(
            "How much of each promise is left?",
            "What the upper confidence bound leaves of the violations allowed. Below 0 it is not shown to be kept.",
            (
                Query(
                    f"min by (cluster, model, objective) (leanrag_gate_objective_margin_ratio{{{_MODEL}}})",
                    "{{cluster}} {{model}} {{objective}}",
                ),
            ),
            "percentunit",
            steps=_LEFT,
            width=12,
            needs=_VERDICT,
        ),
        Panel(
            "How much of the error budget did the run spend?",
            "Violations seen, of those allowed. 100 % is the whole budget.",
            (
                Query(
                    f"max by (cluster, model, objective) (leanrag_gate_objective_violations_ratio{{{_MODEL}}})"
                    f" / max by (cluster, model, objective) (leanrag_gate_objective_allowed_ratio{{{_MODEL}}})",
                    "{{cluster}} {{model}} {{objective}}",
                ),
            ),
            "percentunit",
            steps=((None, "green"), (1.0, "red")),
            width=12,
            needs=_VERDICT,
        ),
        Panel(
            "Which promises were kept?",
            "Each objective of each model, over time.",
            (
                Query(
                    _place("leanrag_gate_objective_outcome", "cluster, model, objective", _MODEL),
                    "{{cluster}} {{model}} {{objective}}",
                ),
            ),
            "none",
            kind="states",
            width=24,
            needs=_VERDICT,
            outcomes=True,
        ),
    ),
)

_FLOW = Row(
    "How long does it take, and what waits?",
    (
        Panel(
            "How long did each step take?",
            "Of the last run. Converge waits for Argo CD; load is the traffic itself.",
            (
                Query(
                    f"max by (cluster, step) (leanrag_gate_step_duration_seconds{{{CLUSTER}}})", "{{cluster}} {{step}}"
                ),
            ),
            "s",
            kind="bars",
            needs=_VERDICT,
        ),
        Panel(
            "How many promotions wait, and why?",
            "Clusters that follow another and have not moved, by reason.",
            (Query("count by (why) (leanrag_promoter_waiting) or on () 0 * max(leanrag_promoter_healthy)", "{{why}}"),),
            "short",
            runbook="PromotionStuck",
            needs=_PROMOTER,
        ),
        Panel(
            "How long from a commit to its pin?",
            "Of the commit that runs now. A cluster that tracks main has no pin.",
            (
                Query(f"max by (cluster) (leanrag_promoter_lead_time_seconds{{{CLUSTER}}})", "{{cluster}} lead time"),
                Query("time() - max(leanrag_promoter_last_success_timestamp_seconds)", "promoter's last round"),
            ),
            "s",
            kind="number",
            needs=_PROMOTER,
        ),
    ),
)

BOARD = Board(
    "gate",
    "Gate history",
    "What the gate said of each commit, how close it was, and what waits for it.",
    (_NOW, _COMMITS, _MARGINS, _FLOW),
    (
        clusters("leanrag_gate_outcome"),
        Choice("model", f"leanrag_gate_objective_outcome{{{CLUSTER}}}", "model", "Model"),
    ),
    since="now-14d",
)
