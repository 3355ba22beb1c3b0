{{/* "true" on OpenShift. */}}
{{- define "monitoring.openshift" -}}
{{- if eq (.Values.cluster.platform | default "openshift") "openshift" }}true{{ end -}}
{{- end -}}

{{/*
The text of user-workload-monitoring-config (cluster-monitoring-operator release-4.20, pkg/manifests/types.go, UserWorkloadConfiguration).
*/}}
{{- define "monitoring.userWorkload" -}}
{{- $v := .Values.userWorkload -}}
{{- $prometheus := dict "retention" $v.retention -}}
{{- with $v.storage.size -}}
{{- $_ := set $prometheus "retentionSize" (printf "%dGiB" (div (mul 9 (trimSuffix "Gi" . | int)) 10)) -}}
{{- $spec := dict "resources" (dict "requests" (dict "storage" .)) -}}
{{- with $v.storage.storageClass | default $.Values.cluster.storageClass -}}{{- $_ := set $spec "storageClassName" . -}}{{- end -}}
{{- $_ := set $prometheus "volumeClaimTemplate" (dict "spec" $spec) -}}
{{- end -}}
{{- if $v.remoteWrite -}}
{{- $_ := set $prometheus "externalLabels" (dict "leanrag_cluster" .Values.cluster.name) -}}
{{- $_ := set $prometheus "remoteWrite" (include "monitoring.remoteWrite" . | fromYamlArray) -}}
{{- end -}}
{{- $config := dict "prometheus" $prometheus -}}
{{- if .Values.alerting.receivers -}}
{{- /* An Alertmanager of their own: the cluster's keeps the alerts, and the receivers, of the cluster's operators. */ -}}
{{- $_ := set $config "alertmanager" (dict "enabled" true "enableAlertmanagerConfig" true) -}}
{{- end -}}
{{- merge $config (deepCopy $v.config) | toYaml -}}
{{- end -}}

{{/* The remote writes as a list, in the order of their names. */}}
{{- define "monitoring.remoteWrite" -}}
{{- range $name, $write := .Values.userWorkload.remoteWrite }}
- name: {{ $name }}
  url: {{ $write.url }}
  authorization: {type: Bearer, credentials: {name: {{ $write.secretName }}, key: {{ $write.secretKey | default "token" }}}}
  {{- with $write.metrics }}
  writeRelabelConfigs:
    - {sourceLabels: [__name__], regex: {{ . | quote }}, action: keep}
  {{- end }}
{{- end }}
{{- end -}}
