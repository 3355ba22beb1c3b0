{{/* The Service: ours, or the one that both operators make for their custom resource. */}}
{{- define "rag-stack.service" -}}
{{- include "common.name" . }}{{ if eq .Values.runtime "operator" }}-service{{ end }}
{{- end -}}

{{- define "rag-stack.url" -}}
http://{{ include "rag-stack.service" . }}.{{ .Release.Namespace }}.svc.cluster.local:8321
{{- end -}}

{{/* Labels of the pods: the operators give their own (llama-stack-k8s-operator v0.9.0, ogx-k8s-operator v0.14.0: controllers/manifests/base). */}}
{{- define "rag-stack.selectorLabels" -}}
{{- if eq .Values.runtime "operator" -}}
app: {{ ternary "ogx" "llama-stack" (eq .Values.api "ogx") }}
app.kubernetes.io/instance: {{ include "common.name" . }}
{{- else -}}
{{- include "common.selectorLabels" (dict "ctx" .) }}
{{- end -}}
{{- end -}}

{{- define "rag-stack.image" -}}
{{- $ogx := eq .Values.api "ogx" -}}
{{- $image := dict "digest" .Values.image.digest -}}
{{- $_ := set $image "repository" (.Values.image.repository | default (ternary "ogx" "llama-stack" $ogx)) -}}
{{- $_ := set $image "tag" (.Values.image.tag | default (ternary "1.5.0" "0.7.3" $ogx)) -}}
{{- include "common.image" (dict "ctx" . "image" $image) -}}
{{- end -}}

{{/* Where each runtime mounts the configuration; the operators leave no choice. */}}
{{- define "rag-stack.configPath" -}}
{{- if eq .Values.runtime "deployment" -}}
/etc/rag-stack/config.yaml
{{- else if eq .Values.api "ogx" -}}
/etc/ogx/config.yaml
{{- else -}}
/etc/llama-stack/config.yaml
{{- end -}}
{{- end -}}

{{- define "rag-stack.command" -}}
{{- $by := ternary "opentelemetry-instrument, " "" .Values.telemetry.traces.enabled -}}
{{- if eq .Values.api "ogx" -}}
# --insecure: without it OGX 1.5.0 wants TLS files. Traffic stays inside the cluster and behind the network policy.
[{{ $by }}ogx, run, {{ include "rag-stack.configPath" . }}, --port, "8321", --insecure]
{{- else -}}
[{{ $by }}llama, stack, run, {{ include "rag-stack.configPath" . }}, --port, "8321"]
{{- end -}}
{{- end -}}

{{/*
Environment of the program that both servers are started by for traces (opentelemetry-distro 0.66b1). It would send logs, too, and by gRPC, and
makes the one sender of metrics, to which OGX adds its own port.
*/}}
{{- define "rag-stack.tracesEnv" -}}
- name: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
  value: {{ include "rag-stack.tracesEndpoint" . }}/v1/traces
- name: OTEL_EXPORTER_OTLP_PROTOCOL
  value: http/protobuf
- name: OTEL_METRICS_EXPORTER
  value: {{ ternary "otlp" "none" (ne .Values.telemetry.otlpEndpoint "") }}
# Its logs would hold what people asked.
- name: OTEL_LOGS_EXPORTER
  value: none
# Probes, which nobody looks at.
- name: OTEL_PYTHON_EXCLUDED_URLS
  value: /v1/health
# Every statement twice, beside SQLAlchemy's own spans.
- name: OTEL_PYTHON_DISABLED_INSTRUMENTATIONS
  value: asyncpg,sqlite3
{{- end -}}

{{- define "rag-stack.tracesEndpoint" -}}
{{- .Values.telemetry.traces.endpoint | default (printf "http://tracing.%s.svc.cluster.local:4318" (include "common.namespace" (dict "ctx" . "layer" "observe"))) -}}
{{- end -}}

{{- define "rag-stack.env" -}}
- name: RAG_STACK_DATA
  value: /var/lib/rag-stack
# The server must never ask a hub: not for a tokenizer, not for an embedding model.
- name: HF_HUB_OFFLINE
  value: "1"
- name: TRANSFORMERS_OFFLINE
  value: "1"
- name: HF_DATASETS_OFFLINE
  value: "1"
- name: TIKTOKEN_CACHE_DIR
  value: {{ .Values.tiktokenCacheDir }}
# One line an event. The default draws a coloured frame around each traceback in the server's only thread: on a busy machine one
# refused search kept OGX 1.5.0 from answering anybody for 15 to 30 s.
- name: {{ ternary "OGX_LOG_FORMAT" "LLAMA_STACK_LOG_FORMAT" (eq .Values.api "ogx") }}
  value: json
{{- if .Values.telemetry.enabled }}
- name: OTEL_SERVICE_NAME
  value: {{ include "common.name" . }}
{{- with .Values.telemetry.otlpEndpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . }}
{{- end }}
{{- if .Values.telemetry.traces.enabled }}
{{ include "rag-stack.tracesEnv" . }}
{{- end }}
{{- if eq .Values.api "ogx" }}
# OGX reads these two, and not OTEL_RESOURCE_ATTRIBUTES; Llama Stack reads neither.
- name: OTEL_SERVICE_NAMESPACE
  value: {{ .Release.Namespace }}
{{- with (.Values.cluster | default dict).name }}
- name: CLUSTER_ID
  value: {{ . }}
{{- end }}
- name: OGX_METRICS_ENDPOINT_ENABLED
  value: "1"
- name: OGX_METRICS_HOST
  value: 0.0.0.0
- name: OGX_METRICS_PORT
  value: "9464"
{{- end }}
{{- else }}
- name: OTEL_SDK_DISABLED
  value: "true"
{{- end }}
{{- include "rag-stack.secretEnv" (dict "name" "CHAT_API_TOKEN" "from" .Values.models.chat.auth) }}
{{- include "rag-stack.secretEnv" (dict "name" "EMBEDDING_API_TOKEN" "from" .Values.models.embedding.auth) }}
{{- $store := include "rag-stack.store" . | fromYaml }}
{{- if and $store.url (not $store.sender) }}
{{- include "rag-stack.secretEnv" (dict "name" "VECTOR_STORE_SECRET" "from" .Values.store.auth) }}
{{- end }}
{{- if eq .Values.state.records "postgres" }}
{{- include "rag-stack.secretEnv" (dict "name" "STATE_PASSWORD" "from" .Values.state.postgres) }}
{{- end }}
{{- if include "rag-stack.postgres" . }}
# Read by psycopg2 and asyncpg alike, for records and vectors; Llama Stack 0.7.3 has no setting of its own for it.
- name: PGSSLMODE
  value: {{ .Values.postgresTls }}
{{- if eq .Values.postgresTls "verify-full" }}
- name: PGSSLROOTCERT
  value: {{ include "rag-stack.caFile" . }}
{{- end }}
{{- end }}
{{- if eq .Values.state.files "s3" }}
{{- range $key := list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
{{- include "rag-stack.secretEnv" (dict "name" $key "from" (dict "secretName" $.Values.state.s3.secretName "secretKey" $key)) }}
{{- end }}
{{- if and .Values.trustedCA.configMap (hasPrefix "https://" .Values.state.s3.endpoint) }}
- name: AWS_CA_BUNDLE
  value: {{ include "rag-stack.caFile" . }}
{{- end }}
{{- end }}
{{- if ne .Values.safety.provider "none" }}
{{- include "rag-stack.secretEnv" (dict "name" "SAFETY_API_TOKEN" "from" .Values.safety.auth) }}
{{- end }}
{{- if and (eq .Values.auth.mode "oauth2") .Values.auth.oauth2.introspection.url }}
{{- include "rag-stack.secretEnv" (dict "name" "OAUTH2_CLIENT_SECRET" "from" .Values.auth.oauth2.introspection) }}
{{- end }}
{{- end -}}

{{- define "rag-stack.secretEnv" -}}
{{- if .from.secretName }}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .from.secretName }}
      key: {{ .from.secretKey }}
{{- end }}
{{- end -}}

{{/* CA files: of the engines, and of the Kubernetes API without mounting a token (kube-root-ca.crt is in every namespace). */}}
{{- define "rag-stack.caVolumes" -}}
{{- if .Values.trustedCA.configMap }}
- name: trusted-ca
  configMap:
    name: {{ .Values.trustedCA.configMap }}
{{- end }}
{{- if eq .Values.auth.mode "kubernetes" }}
- name: kubernetes-ca
  configMap:
    name: kube-root-ca.crt
{{- end }}
{{- end -}}

{{- define "rag-stack.caVolumeMounts" -}}
{{- if .Values.trustedCA.configMap }}
- name: trusted-ca
  mountPath: /etc/rag-stack-ca/trusted
  readOnly: true
{{- end }}
{{- if eq .Values.auth.mode "kubernetes" }}
- name: kubernetes-ca
  mountPath: /etc/rag-stack-ca/kubernetes
  readOnly: true
{{- end }}
{{- end -}}

{{/*
One way out for a URL. A host of this cluster (x.ns.svc) opens its namespace without naming a port, because a policy sees the pod's port
and the URL has the Service's; any other host opens its port everywhere, because a policy knows no names.
*/}}
{{- define "rag-stack.edge" -}}
{{- $url := urlParse . -}}
{{- $host := regexReplaceAll ":[0-9]+$" $url.host "" -}}
{{- if regexMatch "^[^.]+[.][^.]+[.]svc([.]|$)" $host -}}
to: [{namespace: {{ index (splitList "." $host) 1 }}}]
{{- else -}}
to: [{anywhere: true}]
ports: [{{ regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https")) }}]
{{- end -}}
{{- end -}}

{{- define "rag-stack.egress" -}}
{{- range $role, $model := .Values.models }}
{{ $role }}:
  {{- if $model.url }}
  {{- include "rag-stack.edge" $model.url | nindent 2 }}
  {{- else }}
  to: [{layer: serving}]
  ports: [8000]
  {{- end }}
{{- end }}
{{- $store := include "rag-stack.store" . | fromYaml }}
{{- if .Values.store.url }}
vector-store:
  {{- include "rag-stack.edge" .Values.store.url | nindent 2 }}
{{- else if $store.chart }}
vector-store:
  to: [{layer: data}]
  ports: [{{ $store.port }}]
{{- end }}
{{- if eq .Values.state.records "postgres" }}
records:
  {{- include "rag-stack.edge" (printf "postgresql://%s:%v" .Values.state.postgres.host .Values.state.postgres.port) | nindent 2 }}
{{- end }}
{{- if eq .Values.state.files "s3" }}
files:
  {{- include "rag-stack.edge" (.Values.state.s3.endpoint | default "https://s3.amazonaws.com") | nindent 2 }}
{{- end }}
{{- if .Values.safety.url }}
safety:
  {{- include "rag-stack.edge" .Values.safety.url | nindent 2 }}
{{- else if eq .Values.safety.provider "llama-guard" }}
safety:
  to: [{layer: serving}]
  ports: [8000]
{{- end }}
{{- if eq .Values.auth.mode "kubernetes" }}
kubernetes-api:
  # The API server's pods are on the host network, so neither namespace nor Service address can name them.
  to: [{anywhere: true}]
  ports: [443, 6443]
{{- else if and (eq .Values.auth.mode "custom") .Values.auth.custom.endpoint }}
sign-in:
  {{- include "rag-stack.edge" .Values.auth.custom.endpoint | nindent 2 }}
{{- else if and (eq .Values.auth.mode "oauth2") (or .Values.auth.oauth2.jwks.uri .Values.auth.oauth2.introspection.url) }}
sign-in:
  {{- include "rag-stack.edge" (.Values.auth.oauth2.jwks.uri | default .Values.auth.oauth2.introspection.url) | nindent 2 }}
{{- end }}
{{- if and .Values.telemetry.enabled .Values.telemetry.otlpEndpoint }}
telemetry:
  {{- include "rag-stack.edge" .Values.telemetry.otlpEndpoint | nindent 2 }}
{{- end }}
{{- if and .Values.telemetry.traces.enabled .Values.telemetry.traces.endpoint }}
traces:
  {{- include "rag-stack.edge" .Values.telemetry.traces.endpoint | nindent 2 }}
{{- else if .Values.telemetry.traces.enabled }}
traces:
  to: [{layer: observe}]
  ports: [4318]
{{- end }}
{{- with .Values.networkPolicy.egress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "rag-stack.ingress" -}}
gate:
  from: [{layer: gate}]
  ports: [8321]
{{- range $name, $peer := .Values.clients }}
client-{{ $name }}:
  from: [{{ toJson $peer }}]
  ports: [8321]
{{- end }}
{{- if .Values.telemetry.serviceMonitor.enabled }}
monitoring:
  from: [{monitoring: true}]
  ports: [9464]
{{- end }}
{{- with .Values.networkPolicy.ingress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What is asked of one engine, as JSON. */}}
{{- define "rag-stack.need" -}}
{{- $need := dict "model" .model.name "url" (include "rag-stack.engineUrl" .) "auth" (ne .model.auth.secretName "") -}}
{{- with .model.maxTokens -}}{{- $_ := set $need "answerTokens" (int .) -}}{{- end -}}
{{- with .model.contextLength -}}{{- $_ := set $need "inputTokens" (int .) -}}{{- end -}}
{{- toJson $need -}}
{{- end -}}
