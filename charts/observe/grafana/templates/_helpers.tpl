{{/* "true" on OpenShift. */}}
{{- define "grafana.openshift" -}}
{{- if eq (.Values.cluster.platform | default "openshift") "openshift" }}true{{ end -}}
{{- end -}}

{{- define "grafana.url" -}}
{{- .Values.datasource.url | default (include "common.prometheus" (dict "ctx" .)) -}}
{{- end -}}

{{/* Secret with the token; empty: none is sent. */}}
{{- define "grafana.token" -}}
{{- .Values.datasource.tokenSecret | default (ternary (printf "%s-metrics" (include "common.name" .)) "" (eq (include "grafana.openshift" .) "true")) -}}
{{- end -}}

{{/* ConfigMap with the authority; empty: the public ones. OpenShift puts this one into every namespace. */}}
{{- define "grafana.ca" -}}
{{- $own := and (include "grafana.openshift" .) (hasPrefix "https://" (include "grafana.url" .)) -}}
{{- .Values.datasource.caConfigMap | default (ternary "openshift-service-ca.crt" "" (not (not $own))) -}}
{{- end -}}

{{/*
The data source, as grafana-operator and Grafana's own provisioning both write it. No certificate is ever left unchecked: there is no
tlsSkipVerify. Takes: {ctx, token (how this runtime names the token's text), ca (the same of the authority)}.
*/}}
{{- define "grafana.datasource" -}}
name: Prometheus
type: prometheus
access: proxy
url: {{ include "grafana.url" .ctx }}
isDefault: true
editable: false
jsonData:
  httpMethod: POST
  timeInterval: 30s
  {{- if include "grafana.token" .ctx }}
  httpHeaderName1: Authorization
  {{- end }}
  {{- if include "grafana.ca" .ctx }}
  tlsAuthWithCACert: true
  {{- end }}
{{- if or (include "grafana.token" .ctx) (include "grafana.ca" .ctx) }}
secureJsonData:
  {{- if include "grafana.token" .ctx }}
  httpHeaderValue1: Bearer {{ .token }}
  {{- end }}
  {{- if include "grafana.ca" .ctx }}
  tlsCACert: {{ .ca }}
  {{- end }}
{{- end }}
{{- end -}}

{{/*
grafana.ini as section -> key -> text. Ours come first, and validate.yaml refuses a setting that would undo one of them.
*/}}
{{- define "grafana.settings" -}}
{{- merge (include "grafana.ours" . | fromYaml) (deepCopy .Values.settings) | toYaml -}}
{{- end -}}

{{- define "grafana.ours" -}}
auth.anonymous: {enabled: "false"}
users: {allow_sign_up: "false", allow_org_create: "false"}
security: {disable_gravatar: "true", cookie_secure: {{ hasPrefix "https://" (include "grafana.rootUrl" .) | quote }}, cookie_samesite: strict}
snapshots: {external_enabled: "false"}
analytics: {reporting_enabled: "false", check_for_updates: "false", check_for_plugin_updates: "false"}
# At each start Grafana would fetch plugins from grafana.com, and from 13.2 on write its own Prometheus plugin anew, onto a read-only file
# system (grafana #131490).
plugins: {preinstall_disabled: "true", plugin_admin_enabled: "false"}
log: {mode: console}
server: {root_url: {{ include "grafana.rootUrl" . }}}
{{- end -}}

{{- define "grafana.rootUrl" -}}
{{- .Values.rootUrl | default (printf "https://%s.%s" (include "common.name" .) (.Values.cluster.domain | default "localhost")) -}}
{{- end -}}

{{/* Labels by which grafana-operator's dashboards choose this Grafana: `instanceSelector.matchLabels`. A contract with the charts that bring them. */}}
{{- define "grafana.instanceLabels" -}}
leanrag.io/grafana: "true"
{{- end -}}

{{/*
The files of the plain Deployment. Grafana replaces $__file{path} by that file's content at its start, in grafana.ini and in provisioning
(pkg/services/provisioning/values/values.go), so no secret is in this text or in the environment.
*/}}
{{- define "grafana.files" -}}
{{- $settings := include "grafana.settings" . | fromYaml -}}
{{- $admin := dict "admin_user" (printf "$__file{/etc/grafana-admin/%s}" .Values.admin.userKey) "admin_password" (printf "$__file{/etc/grafana-admin/%s}" .Values.admin.passwordKey) -}}
{{- $_ := set $settings "security" (merge $admin ($settings.security | default dict)) -}}
grafana.ini: |
  {{- range $section, $keys := $settings }}
  [{{ $section }}]
  {{- range $key, $text := $keys }}
  {{ $key }} = {{ $text }}
  {{- end }}
  {{- end }}
datasources.yaml: |
  apiVersion: 1
  datasources:
    - uid: prometheus
      {{- $token := printf "$__file{/etc/grafana-token/%s}" .Values.datasource.tokenKey }}
      {{- $ca := printf "$__file{/etc/grafana-ca/%s}" .Values.datasource.caKey }}
      {{- include "grafana.datasource" (dict "ctx" . "token" $token "ca" $ca) | nindent 6 }}
dashboards.yaml: |
  apiVersion: 1
  providers:
    - name: lean-rag
      type: file
      disableDeletion: true
      allowUiUpdates: false
      options: {path: /etc/grafana-dashboards, foldersFromFilesStructure: true}
{{- end -}}
