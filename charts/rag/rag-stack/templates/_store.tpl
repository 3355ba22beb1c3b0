{{/* The table of what the pinned servers can do. */}}
{{- define "rag-stack.providers" -}}
{{- .Files.Get "files/providers.yaml" -}}
{{- end -}}

{{/*
The chosen vector store: its row of the table, and `name`, `url`, `host`, `port` (empty for a store in this pod), `sender` (a token is given that
the provider cannot send, so a proxy in the pod adds it) and `missing` (a package that the image lacks). Every template asks here.
*/}}
{{- define "rag-stack.store" -}}
{{- $table := include "rag-stack.providers" . | fromYaml -}}
{{- $row := index $table.stores .Values.vectorStore -}}
{{- $url := .Values.store.url | trimSuffix "/" -}}
{{- if and $row.chart (not $url) -}}
{{- $scheme := splitList "://" $row.form | first -}}
{{- $url = printf "%s://%s.%s.svc.cluster.local:%v" $scheme $row.chart (include "common.namespace" (dict "ctx" . "layer" "data")) $row.port -}}
{{- end -}}
{{- $authority := (urlParse $url).host -}}
{{- $port := regexFind ":[0-9]+$" $authority | trimPrefix ":" -}}
{{- $needs := $row.needs | default "" -}}
{{- if kindIs "map" $needs -}}{{- $needs = index $needs .Values.api -}}{{- end -}}
{{- $missing := include "rag-stack.missing" (dict "root" . "package" $needs) -}}
{{- $sender := and (ne $url "") (ne .Values.store.auth.secretName "") (not (has "$secret" (values $row.config))) -}}
{{- $facts := dict "sender" $sender "name" .Values.vectorStore "url" $url "host" (regexReplaceAll ":[0-9]+$" $authority "") "port" $port "missing" $missing -}}
{{- mergeOverwrite (dict) $row $facts | toYaml -}}
{{- end -}}

{{/* A package that something needs, when the image is ours and does not have it; else nothing. An image of somebody else has what it has. */}}
{{- define "rag-stack.missing" -}}
{{- $ours := not (contains "/" .root.Values.image.repository) -}}
{{- $table := include "rag-stack.providers" .root | fromYaml -}}
{{- if and .package $ours (not (has .package (index $table.images .root.Values.api))) -}}{{- .package -}}{{- end -}}
{{- end -}}

{{/* The stores that the chosen server can use with our image, for a message. */}}
{{- define "rag-stack.ready" -}}
{{- $names := list -}}
{{- range $name, $row := (include "rag-stack.providers" . | fromYaml).stores -}}
{{- $root := merge (dict "Values" (merge (dict "vectorStore" $name) $.Values)) $ -}}
{{- $store := include "rag-stack.store" $root | fromYaml -}}
{{- if not (or $row.refused $store.missing (and $row.servers (not (has $.Values.api $row.servers)))) -}}
{{- $names = append $names $name -}}
{{- end -}}
{{- end -}}
{{- join ", " $names -}}
{{- end -}}

{{/* The one vector store. Its provider_id is the value `vectorStore`, so that clients and dashboards show the same word. */}}
{{- define "rag-stack.vectorProvider" -}}
{{- $store := include "rag-stack.store" . | fromYaml -}}
{{- $url := ternary "http://127.0.0.1:8001" $store.url $store.sender -}}
{{- $ca := and (hasPrefix "https://" $store.url) .Values.trustedCA.configMap -}}
{{- $secret := ternary "${env.VECTOR_STORE_SECRET}" "null" (ne .Values.store.auth.secretName "") -}}
{{- $settings := mergeOverwrite (dict) $store.config
  (ternary ($store.https | default dict) dict (hasPrefix "https://" $store.url))
  (ternary ($store.ca | default dict) dict (ne (default "" $ca) "")) -}}
- provider_id: {{ $store.name }}
  provider_type: {{ $store.provider }}
  config:
    {{- range $key, $value := $settings }}
    {{ $key }}: {{ $value | toString
      | replace "$url" $url | replace "$host" $store.host | replace "$port" $store.port
      | replace "$user" $.Values.store.user | replace "$database" $.Values.store.database
      | replace "$secret" $secret | replace "$data" "${env.RAG_STACK_DATA}" | replace "$ca" (include "rag-stack.caFile" $) }}
    {{- end }}
    persistence: {namespace: "vector_io::{{ $store.name }}", backend: kv_default}
{{- end -}}

{{/*
The proxy beside the server that adds the token (nginx). The image's script puts it in the place of ${STORE_TOKEN}; only the pod itself reaches
the port. The store decides how large a request may be.
*/}}
{{- define "rag-stack.sender" -}}
{{- $store := include "rag-stack.store" . | fromYaml -}}
{{- if $store.sender -}}
server {
  listen 127.0.0.1:8001;
  client_max_body_size 0;
  location / {
    proxy_pass {{ $store.url }};
    proxy_http_version 1.1;
    proxy_read_timeout 120s;
    proxy_set_header Authorization "Bearer ${STORE_TOKEN}";
    {{- if hasPrefix "https://" $store.url }}
    proxy_ssl_verify on;
    proxy_ssl_trusted_certificate {{ include "rag-stack.caFile" . }};
    proxy_ssl_server_name on;
    {{- end }}
  }
}
{{- end -}}
{{- end -}}

{{/* "true" when something is kept on the volume of the pod: SQLite, uploaded files, or a vector store that is a file. */}}
{{- define "rag-stack.volume" -}}
{{- $local := not (include "rag-stack.store" . | fromYaml).url -}}
{{- if or $local (eq .Values.state.records "volume") (eq .Values.state.files "volume") -}}true{{- end -}}
{{- end -}}

{{/* "true" when PostgreSQL is asked for anything. */}}
{{- define "rag-stack.postgres" -}}
{{- if or (eq .Values.state.records "postgres") (eq .Values.vectorStore "pgvector") -}}true{{- end -}}
{{- end -}}

{{- define "rag-stack.caFile" -}}
/etc/rag-stack-ca/trusted/{{ .Values.trustedCA.key }}
{{- end -}}
