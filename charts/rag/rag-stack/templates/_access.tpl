{{/* Llama Stack's shield; OGX has none, only the address of a moderation service. */}}
{{- define "rag-stack.safety" -}}
{{- $types := dict "llama-guard" "inline::llama-guard" "nemo" "remote::nvidia" "moderations" "remote::passthrough" -}}
{{- with .Values.safety -}}
- provider_id: {{ .provider }}
  provider_type: {{ index $types .provider }}
  {{- if eq .provider "nemo" }}
  config: {guardrails_service_url: {{ .url | trimSuffix "/" | quote }}, config_id: {{ .configId | quote }}}
  {{- else if eq .provider "moderations" }}
  config:
    base_url: {{ .url | trimSuffix "/" }}
    {{- if .auth.secretName }}
    api_key: ${env.SAFETY_API_TOKEN}
    {{- end }}
  {{- end }}
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
