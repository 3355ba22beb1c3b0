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
