{{/*
common.monitor: a ServiceMonitor or PodMonitor. Which of them is the chart's choice: a ServiceMonitor needs a Service
that the chart knows, a PodMonitor only labels. It has no namespaceSelector, because user-workload monitoring ignores
`any`, and so it selects in its own namespace only (cluster-monitoring-operator #817).
Takes: {ctx, name, component, kind (ServiceMonitor|PodMonitor, default ServiceMonitor), port (name of the port),
  portNumber (PodMonitor only, instead of port), path (default /metrics), interval (default 30s), scheme (default http),
  tlsConfig (map), authorization (map), selector (map; default: common.selectorLabels),
  metricRelabelings (list), relabelings (list), podTargetLabels (list)}.
*/}}
{{- define "common.monitor" -}}
{{- $kind := .kind | default "ServiceMonitor" -}}
{{- $annotations := merge (dict) (.annotations | default dict) (include "common.annotations.foreign" .ctx | fromYaml) -}}
apiVersion: monitoring.coreos.com/v1
kind: {{ $kind }}
{{ include "common.metadata" (dict "ctx" .ctx "name" .name "component" .component "annotations" $annotations) }}
spec:
  selector:
    matchLabels:
      {{- if .selector }}
      {{- toYaml .selector | nindent 6 }}
      {{- else }}
      {{- include "common.selectorLabels" . | nindent 6 }}
      {{- end }}
  {{- with .podTargetLabels }}
  podTargetLabels:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{ ternary "endpoints" "podMetricsEndpoints" (eq $kind "ServiceMonitor") }}:
    - {{ if and .portNumber (eq $kind "PodMonitor") -}}
      portNumber: {{ .portNumber }}
      {{- else -}}
      port: {{ .port }}
      {{- end }}
      path: {{ .path | default "/metrics" }}
      interval: {{ .interval | default "30s" }}
      scheme: {{ .scheme | default "http" }}
      {{- with .authorization }}
      authorization:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .tlsConfig }}
      tlsConfig:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .relabelings }}
      relabelings:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .metricRelabelings }}
      metricRelabelings:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end -}}
