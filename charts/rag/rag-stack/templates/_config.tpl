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
  - tool_runtime
  - vector_io
providers:
  inference:
    {{- include "rag-stack.engine" (dict "root" . "id" "vllm" "model" .Values.models.chat "env" "CHAT_API_TOKEN") | nindent 4 }}
    {{- include "rag-stack.engine" (dict "root" . "id" "vllm-embed" "model" .Values.models.embedding "env" "EMBEDDING_API_TOKEN") | nindent 4 }}
  vector_io:
    {{- include "rag-stack.vectorProvider" . | nindent 4 }}
  files:
    - provider_id: local
      provider_type: inline::localfs
      config:
        storage_dir: ${env.RAG_STACK_DATA}/files
        metadata_store: {table_name: files, backend: sql_default}
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
  tool_runtime:
    - provider_id: file-search
      provider_type: inline::file-search
storage:
  backends:
    kv_default: {type: kv_sqlite, db_path: "${env.RAG_STACK_DATA}/kvstore.db"}
    sql_default: {type: sql_sqlite, db_path: "${env.RAG_STACK_DATA}/sql_store.db"}
  stores:
    metadata: {namespace: registry, backend: kv_default}
    inference: {table_name: inference_store, backend: sql_default}
    conversations: {table_name: openai_conversations, backend: sql_default}
    {{- if $ogx }}
    prompts: {table_name: prompts, backend: sql_default}
    connectors: {table_name: connectors, backend: sql_default}
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
    network: {tls: {verify: /etc/rag-stack-ca/trusted/{{ .root.Values.trustedCA.key }}}}
    {{- end }}
{{- end -}}

{{- define "rag-stack.engineUrl" -}}
{{- $default := printf "http://%s.%s.svc.cluster.local:8000" .model.release (include "common.namespace" (dict "ctx" .root "layer" "serving")) -}}
{{- .model.url | default $default | trimSuffix "/" | trimSuffix "/v1" -}}
{{- end -}}

{{/* URL of a vector store that is a server. */}}
{{- define "rag-stack.storeUrl" -}}
{{- $port := ternary 19530 8000 (eq .Values.vectorStore "milvus") -}}
{{- $default := printf "http://%s.%s.svc.cluster.local:%d" .Values.vectorStore (include "common.namespace" (dict "ctx" . "layer" "data")) $port -}}
{{- (index .Values .Values.vectorStore).url | default $default -}}
{{- end -}}

{{/* The one vector store. Its provider_id is the value `vectorStore`, so that clients and dashboards show the same word. */}}
{{- define "rag-stack.vectorProvider" -}}
- provider_id: {{ .Values.vectorStore }}
  {{- if eq .Values.vectorStore "milvus-lite" }}
  provider_type: inline::milvus
  config:
    db_path: ${env.RAG_STACK_DATA}/milvus.db
    persistence: {namespace: "vector_io::milvus-lite", backend: kv_default}
  {{- else if eq .Values.vectorStore "faiss" }}
  provider_type: inline::faiss
  config:
    persistence: {namespace: "vector_io::faiss", backend: kv_default}
  {{- else if eq .Values.vectorStore "milvus" }}
  provider_type: remote::milvus
  config:
    uri: {{ include "rag-stack.storeUrl" . }}
    {{- if .Values.milvus.secretName }}
    token: ${env.MILVUS_TOKEN}
    {{- else }}
    token: ""
    {{- end }}
    {{- if and .Values.trustedCA.configMap (hasPrefix "https://" .Values.milvus.url) }}
    # Handed on to pymilvus as it is.
    secure: true
    server_pem_path: /etc/rag-stack-ca/trusted/{{ .Values.trustedCA.key }}
    {{- end }}
    persistence: {namespace: "vector_io::milvus", backend: kv_default}
  {{- else }}
  provider_type: remote::chromadb
  config:
    url: {{ include "rag-stack.storeUrl" . }}
    persistence: {namespace: "vector_io::chroma", backend: kv_default}
  {{- end }}
{{- end -}}

{{- define "rag-stack.auth" -}}
{{- if eq .Values.auth.mode "custom" -}}
type: custom
endpoint: {{ .Values.auth.custom.endpoint }}
{{- else if eq .Values.auth.mode "oauth2" -}}
{{- with .Values.auth.oauth2 -}}
type: oauth2_token
audience: {{ .audience | quote }}
issuer: {{ .issuer }}
{{- with .claimsMapping }}
claims_mapping:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .jwks.uri }}
jwks:
  uri: {{ .jwks.uri }}
  key_recheck_period: {{ .jwks.recheckSeconds }}
{{- else }}
introspection:
  url: {{ .introspection.url }}
  client_id: {{ .introspection.clientId | quote }}
  client_secret: ${env.OAUTH2_CLIENT_SECRET}
{{- end }}
{{- end }}
{{- else -}}
type: kubernetes
api_server_url: {{ .Values.auth.kubernetes.apiServerUrl }}
tls_cafile: /etc/rag-stack-ca/kubernetes/ca.crt
{{- with .Values.auth.kubernetes.claimsMapping }}
claims_mapping:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
{{- end -}}
