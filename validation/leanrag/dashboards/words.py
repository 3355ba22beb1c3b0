"""The parts that queries share: which series are meant, rates, quantiles, and the promises they are held to."""

from leanrag.dashboards.model import Choice, Query

# A label that nobody gave is empty, and "all" is `.*`, which an empty one matches, too.
CLUSTER = 'cluster=~"$cluster"'
PLACE = f'{CLUSTER},namespace=~"$namespace"'
ENGINE = f'{PLACE},model_name=~"$model"'


def clusters(metric: str) -> Choice:
    """Return the choice among clusters that have a metric."""
    return Choice("cluster", metric, "cluster", "Cluster")


def namespaces(metric: str) -> Choice:
    """Return the choice among the namespaces of a metric on the chosen clusters."""
    return Choice("namespace", f"{metric}{{{CLUSTER}}}", "namespace", "Namespace")


def models(metric: str) -> Choice:
    """Return the choice among the models that have a metric in the chosen namespaces."""
    return Choice("model", f"{metric}{{{PLACE}}}", "model_name", "Model")


def rate(metric: str, by: str, where: str = ENGINE) -> str:
    """Return the rate of a counter, a second, summed by labels."""
    return f"sum by ({by}) (rate({metric}{{{where}}}[$__rate_interval]))"


def share(part: str, whole: str, by: str, where: str = ENGINE) -> str:
    """Return the ratio of two rates; nothing while nothing happens, for nobody knows a share of nothing."""
    return f"{rate(part, by, where)} / ({rate(whole, by, where)} > 0)"


def quantile(metric: str, by: str, where: str = ENGINE, at: str = "0.95") -> str:
    """Return a percentile of a histogram in its own unit."""
    return f"histogram_quantile({at}, {rate(f'{metric}_bucket', f'le, {by}', where)})"


def promised(metric: str, objective: str) -> str:
    """Return the percentile that a promise names; the 95th where no model has made it."""
    target = f'leanrag:objective:target{{objective="{objective}",model=~"$model"}}'
    return quantile(metric, "model_name", at=f"scalar(max({target}) or vector(0.95))")


def limit(objective: str) -> Query:
    """Return the limit of a promise, for each model."""
    expr = f'max by (model) (leanrag:objective:limit{{objective="{objective}",model=~"$model"}})'
    return Query(expr, "limit {{model}}", limit=True)
