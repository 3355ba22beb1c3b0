{{/* Chroma listens inside the pod only: who is not the proxy cannot even connect. */}}
{{- define "chroma.config" -}}
persist_path: /data
listen_address: 127.0.0.1
port: 8001
max_payload_size_bytes: {{ mul .Values.proxy.maxBodyMegabytes 1048576 }}
allow_reset: false
{{- end -}}

{{/*
The proxy. The image's script puts the token in the place of ${CHROMA_TOKEN} at its start. `!=` compares every letter as it is; a map would
not tell A from a. Port 8002 is for the kubelet, which has no token: it says that Chroma answers, and nothing else.
*/}}
{{- define "chroma.proxy" -}}
server {
  listen 8000{{ if .Values.tls.secretName }} ssl{{ end }};
  {{- if .Values.tls.secretName }}
  ssl_certificate /etc/chroma-tls/tls.crt;
  ssl_certificate_key /etc/chroma-tls/tls.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  {{- end }}
  client_max_body_size {{ .Values.proxy.maxBodyMegabytes }}m;
  location / {
    if ($http_authorization != "Bearer ${CHROMA_TOKEN}") {
      return 401;
    }
    proxy_pass http://127.0.0.1:8001;
    proxy_http_version 1.1;
    proxy_read_timeout {{ .Values.proxy.requestSeconds }}s;
    proxy_send_timeout {{ .Values.proxy.requestSeconds }}s;
    proxy_set_header Authorization "";
  }
}
server {
  listen 8002;
  access_log off;
  location = /healthz {
    proxy_pass http://127.0.0.1:8001/api/v2/heartbeat;
  }
  location / {
    return 404;
  }
}
{{- end -}}

{{- define "chroma.ingress" -}}
rag:
  from: [{layer: rag}]
  ports: [8000]
{{- range $name, $peer := .Values.clients }}
{{- if $peer }}
client-{{ $name }}:
  from: [{{ toJson $peer }}]
  ports: [8000]
{{- end }}
{{- end }}
{{- with .Values.networkPolicy.ingress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
