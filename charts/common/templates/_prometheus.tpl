{{/*
common.prometheus: address of the Prometheus API that holds this cluster's metrics. OpenShift's Thanos querier answers on two ports
(cluster-monitoring-operator, assets/thanos-querier/service.yaml): 9091 for everything, 9092 for one namespace, named in each query, which
asks for no more than the right to read pods' metrics there. Elsewhere it is a fact of the cluster, and empty when nobody wrote it.
Takes: {ctx, tenancy (default false: everything)}.
*/}}
{{- define "common.prometheus" -}}
{{- $cluster := .ctx.Values.cluster | default dict -}}
{{- if $cluster.prometheus -}}
{{- $cluster.prometheus -}}
{{- else if eq ($cluster.platform | default "openshift") "openshift" -}}
https://thanos-querier.openshift-monitoring.svc.cluster.local:{{ ternary 9092 9091 (default false .tenancy) }}
{{- end -}}
{{- end -}}
