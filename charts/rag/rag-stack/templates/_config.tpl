{{/*
The configuration of the server. Both servers call the schema "version 2", but differ: OGX 1.5.0 has no agent state, keeps
prompts and connectors in SQL, and knows a default search mode. Each difference is one `if` here, so that it can be seen.

${env.NAME} is replaced by the server at its start; a NAME that is not set stops it. So no secret is ever in this text.
*/}}
{{- define "rag-stack.config" -}}
{{- $ogx := eq .Values.api "ogx" -}}
version: 2
distro_name: lean-rag
# What is not listed is not served: no agents, no tools beyond file search, no batches, no admin of models by clients.
apis:
  - files
  - file_processors
  - inference
  - responses
  {{- if and (not $ogx) (ne .Values.safety.provider "none") }}
  - safety
  {{- end }}
  - tool_runtime
  - vector_io
providers:
  inference:
    {{- include "rag-stack.engine" (dict "root" . "id" "vllm" "model" .Values.models.chat "env" "CHAT_API_TOKEN") | nindent 4 }}
    {{- include "rag-stack.engine" (dict "root" . "id" "vllm-embed" "model" .Values.models.embedding "env" "EMBEDDING_API_TOKEN") | nindent 4 }}
    {{- if eq .Values.safety.provider "llama-guard" }}
    {{- include "rag-stack.engine" (dict "root" . "id" "vllm-guard" "model" .Values.safety "env" "SAFETY_API_TOKEN") | nindent 4 }}
    {{- end }}
  vector_io:
    {{- include "rag-stack.vectorProvider" . | nindent 4 }}
  files:
    {{- include "rag-stack.files" . | nindent 4 }}
  file_processors:
    # Not inline::auto, the default of OGX: it needs markitdown, and without it attaching a file hangs.
    - provider_id: pypdf
      provider_type: inline::pypdf
      config:
        default_chunk_size_tokens: {{ .Values.retrieval.chunk.sizeTokens }}
        default_chunk_overlap_tokens: {{ .Values.retrieval.chunk.overlapTokens }}
  responses:
    - provider_id: builtin
      provider_type: inline::builtin
      config:
        persistence:
          {{- if not $ogx }}
          agent_state: {namespace: agents, backend: kv_default}
          {{- end }}
          responses: {table_name: responses, backend: sql_default}
        {{- if and $ogx (eq .Values.safety.provider "moderations") }}
        moderation_endpoint: {{ .Values.safety.url | trimSuffix "/" }}/moderations
        {{- if .Values.safety.auth.secretName }}
        moderation_headers: {Authorization: "Bearer ${env.SAFETY_API_TOKEN}"}
        {{- end }}
        {{- end }}
  {{- if and (not $ogx) (ne .Values.safety.provider "none") }}
  safety:
    {{- include "rag-stack.safety" . | nindent 4 }}
  {{- end }}
  tool_runtime:
    - provider_id: file-search
      provider_type: inline::file-search
storage:
  backends:
    {{- if eq .Values.state.records "postgres" }}
    {{- include "rag-stack.postgresBackends" . | trim | nindent 4 }}
    {{- else }}
    kv_default: {type: kv_sqlite, db_path: "${env.RAG_STACK_DATA}/kvstore.db"}
    sql_default: {type: sql_sqlite, db_path: "${env.RAG_STACK_DATA}/sql_store.db"}
    {{- end }}
  stores:
    metadata: {namespace: registry, backend: kv_default}
    inference: {table_name: inference_store, backend: sql_default}
    conversations: {table_name: openai_conversations, backend: sql_default}
    {{- if $ogx }}
    prompts: {table_name: prompts, backend: sql_default}
    connectors: {table_name: connectors, backend: sql_default}
    {{- if eq .Values.state.records "postgres" }}
    # With it every pod reads the stores' records in the database; without it each knows only what it made or found at its start.
    vector_stores: {table_name: vector_stores, backend: sql_default}
    {{- end }}
    {{- else }}
    prompts: {namespace: prompts, backend: kv_default}
    connectors: {namespace: connectors, backend: kv_default}
    {{- end }}
registered_resources:
  models:
    - model_id: {{ .Values.models.chat.name | quote }}
      provider_id: vllm
      provider_model_id: {{ .Values.models.chat.name | quote }}
      model_type: llm
    - model_id: {{ .Values.models.embedding.name | quote }}
      provider_id: vllm-embed
      provider_model_id: {{ .Values.models.embedding.name | quote }}
      model_type: embedding
      metadata:
        embedding_dimension: {{ .Values.models.embedding.dimension }}
        context_length: {{ .Values.models.embedding.contextLength }}
    {{- if eq .Values.safety.provider "llama-guard" }}
    - model_id: {{ .Values.safety.model | quote }}
      provider_id: vllm-guard
      provider_model_id: {{ .Values.safety.model | quote }}
      model_type: llm
    {{- end }}
  {{- if and (not $ogx) (ne .Values.safety.provider "none") }}
  shields:
    - shield_id: guard
      provider_id: {{ .Values.safety.provider }}
      provider_shield_id: {{ eq .Values.safety.provider "llama-guard" | ternary (printf "vllm-guard/%s" .Values.safety.model) .Values.safety.model | quote }}
safety:
  default_shield_id: guard
  {{- end }}
vector_stores:
  default_provider_id: {{ .Values.vectorStore }}
  default_embedding_model:
    provider_id: vllm-embed
    model_id: {{ .Values.models.embedding.name | quote }}
  chunk_retrieval_params:
    chunk_multiplier: {{ .Values.retrieval.chunkMultiplier }}
    {{- if $ogx }}
    default_search_mode: {{ .Values.retrieval.searchMode }}
    {{- end }}
server:
  # The port comes from --port: Llama Stack 0.7.3 ignores server.port.
  host: 0.0.0.0
  {{- if .Values.limits.requestsPerDay }}
  # Counted before anybody signs in, so each address has this quota, whoever calls from it.
  quota:
    kvstore: {namespace: quota, backend: kv_default}
    period: day
    anonymous_max_requests: {{ .Values.limits.requestsPerDay }}
    authenticated_max_requests: {{ .Values.limits.requestsPerDay }}
  {{- end }}
  {{- if ne .Values.auth.mode "none" }}
  auth:
    provider_config:
      {{- include "rag-stack.auth" . | nindent 6 }}
  {{- end }}
{{- end -}}

{{/* One vLLM engine. The server does not wait for it: both start with no engine there, and answer when it comes. */}}
{{- define "rag-stack.engine" -}}
- provider_id: {{ .id }}
  provider_type: remote::vllm
  config:
    base_url: {{ include "rag-stack.engineUrl" . }}/v1
    {{- if .model.maxTokens }}
    max_tokens: {{ .model.maxTokens }}
    {{- end }}
    {{- if .model.auth.secretName }}
    api_token: ${env.{{ .env }}}
    {{- end }}
    {{- if .root.Values.trustedCA.configMap }}
    network: {tls: {verify: {{ include "rag-stack.caFile" .root }}}}
    {{- end }}
{{- end -}}

{{- define "rag-stack.engineUrl" -}}
{{- $default := printf "http://%s.%s.svc.cluster.local:8000" .model.release (include "common.namespace" (dict "ctx" .root "layer" "serving")) -}}
{{- .model.url | default $default | trimSuffix "/" | trimSuffix "/v1" -}}
{{- end -}}

{{/* Where uploaded files are kept; their records are where all records are. */}}
{{- define "rag-stack.files" -}}
{{- if eq .Values.state.files "s3" -}}
{{- with .Values.state.s3 -}}
# boto3 finds the keys in the environment.
- provider_id: s3
  provider_type: remote::s3
  config:
    bucket_name: {{ .bucket }}
    region: {{ .region }}
    {{- with .endpoint }}
    endpoint_url: {{ . }}
    {{- end }}
    metadata_store: {table_name: files, backend: sql_default}
{{- end }}
{{- else -}}
- provider_id: local
  provider_type: inline::localfs
  config:
    storage_dir: ${env.RAG_STACK_DATA}/files
    metadata_store: {table_name: files, backend: sql_default}
{{- end -}}
{{- end -}}

{{/* The same database twice, because the servers reach it in two ways; encryption is in PGSSLMODE, which both ways obey. */}}
{{- define "rag-stack.postgresBackends" -}}
{{- $ogx := eq .Values.api "ogx" -}}
{{- range $name, $type := dict "kv_default" "kv_postgres" "sql_default" "sql_postgres" }}
{{ $name }}:
  type: {{ $type }}
  {{- with $.Values.state.postgres }}
  host: {{ .host }}
  port: {{ .port }}
  db: {{ .database }}
  user: {{ .user }}
  password: ${env.STATE_PASSWORD}
  {{- end }}
  {{- if or $ogx (eq $name "sql_default") }}
  # Per pool, and OGX opens one for each of its half a dozen namespaces.
  pool_size: 1
  max_overflow: 4
  {{- end }}
{{- end }}
{{- end -}}
