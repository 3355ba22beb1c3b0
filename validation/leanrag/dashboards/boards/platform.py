"""Platform: what everything else stands on."""

from leanrag.dashboards.model import Board, Panel, Query, Row
from leanrag.dashboards.words import CLUSTER, PLACE, clusters, namespaces

_ARGO = "Argo CD"
_STATE = "kube-state-metrics"
_HOURS = 3600

_SEEN = Row(
    "Do we see everything?",
    (
        Panel(
            "Which targets are not scraped?",
            "0 is good. A target that is down says nothing, and neither do the alerts that read it.",
            (Query(f"sum by (job) (1 - up{{{PLACE}}})", "{{job}}"),),
            "short",
            runbook="TargetDown",
        ),
        Panel(
            "Which alerts fire?",
            "By name; 0 is none. Alertmanager has who was told.",
            (
                Query(
                    f'count by (alertname) (ALERTS{{{CLUSTER},alertstate="firing"}}) or on () vector(0)',
                    "{{alertname}}",
                ),
            ),
            "short",
        ),
        Panel(
            "How long does a scrape take?",
            "Near the interval, readings get lost.",
            (Query(f"max by (job) (scrape_duration_seconds{{{PLACE}}})", "{{job}}"),),
            "s",
        ),
    ),
)

_GIT = Row(
    "Does the cluster run what Git says?",
    (
        Panel(
            "Which Applications are out of step?",
            "0 is good. OutOfSync for long: a sync fails, or something outside Git changes objects.",
            (
                Query(
                    f'count by (sync_status) (argocd_app_info{{{CLUSTER},sync_status!="Synced"}})'
                    f" or on () 0 * count(argocd_app_info{{{CLUSTER}}})",
                    "{{sync_status}}",
                ),
            ),
            "short",
            needs=_ARGO,
        ),
        Panel(
            "Which Applications are not healthy?",
            "0 is good.",
            (
                Query(
                    f'count by (health_status) (argocd_app_info{{{CLUSTER},health_status!="Healthy"}})'
                    f" or on () 0 * count(argocd_app_info{{{CLUSTER}}})",
                    "{{health_status}}",
                ),
            ),
            "short",
            needs=_ARGO,
        ),
        Panel(
            "How do syncs end?",
            "In an hour, by phase.",
            (Query(f"sum by (phase) (increase(argocd_app_sync_total{{{CLUSTER}}}[1h]))", "{{phase}}"),),
            "short",
            needs=_ARGO,
        ),
    ),
)

_PODS = Row(
    "Do pods run, and have room?",
    (
        Panel(
            "Which pods start again and again?",
            "Restarts in an hour, the ten that do it most.",
            (
                Query(
                    "topk(10, sum by (namespace, pod)"
                    f" (increase(kube_pod_container_status_restarts_total{{{PLACE}}}[1h])))",
                    "{{namespace}} {{pod}}",
                ),
            ),
            "short",
            needs=_STATE,
        ),
        Panel(
            "Which pods are not ready?",
            "By namespace.",
            (Query(f'sum by (namespace) (kube_pod_status_ready{{{PLACE},condition="false"}})', "{{namespace}}"),),
            "short",
            needs=_STATE,
        ),
        Panel(
            "Which volumes run full?",
            "The ten fullest. A full vector store takes no more documents.",
            (
                Query(
                    "topk(10, 1 - min by (namespace, persistentvolumeclaim) (kubelet_volume_stats_available_bytes"
                    f"{{{PLACE}}} / kubelet_volume_stats_capacity_bytes{{{PLACE}}}))",
                    "{{namespace}} {{persistentvolumeclaim}}",
                ),
            ),
            "percentunit",
            most=1,
            needs="the kubelet",
        ),
    ),
)

_ENDS = Row(
    "What runs out?",
    (
        Panel(
            "How long are certificates valid?",
            "The ten that end first. cert-manager renews after two thirds of the time; one that goes on falling hangs.",
            (
                Query(
                    "bottomk(10, min by (namespace, name) (certmanager_certificate_expiration_timestamp_seconds"
                    f"{{{CLUSTER}}}) - time())",
                    "{{namespace}} {{name}}",
                ),
            ),
            "s",
            width=12,
            steps=((None, "red"), (24.0 * 7 * _HOURS, "green")),
            runbook="CertificateExpires",
            needs="cert-manager",
        ),
        Panel(
            "Do autoscalers fail?",
            "Errors in an hour. An autoscaler that cannot read its metric keeps what runs.",
            (
                Query(
                    f"sum by (scaledObject) (increase(keda_scaled_object_errors_total{{{CLUSTER}}}[1h]))",
                    "{{scaledObject}}",
                ),
            ),
            "short",
            width=12,
            needs="KEDA",
        ),
    ),
)

BOARD = Board(
    "platform",
    "Platform",
    "Whether what everything else stands on is seen, in step with Git, and has room and time left.",
    (_SEEN, _GIT, _PODS, _ENDS),
    (clusters("up"), namespaces("up")),
)
