{{/* Configuration of the embedded etcd. Milvus talks to it inside the process, so its ports are open to nobody. */}}
{{- define "milvus.etcd" -}}
listen-client-urls: http://127.0.0.1:2379
advertise-client-urls: http://127.0.0.1:2379
listen-peer-urls: http://127.0.0.1:2380
initial-advertise-peer-urls: http://127.0.0.1:2380
initial-cluster: default=http://127.0.0.1:2380
quota-backend-bytes: {{ .Values.etcd.quotaBytes | int64 }}
auto-compaction-mode: revision
auto-compaction-retention: "1000"
{{- end -}}

{{/* Port 9091 also answers without a password (log level, web page): Prometheus alone reaches it. */}}
{{- define "milvus.ingress" -}}
rag:
  from: [{layer: rag}]
  ports: [19530]
{{- range $name, $peer := .Values.clients }}
{{- if $peer }}
client-{{ $name }}:
  from: [{{ toJson $peer }}]
  ports: [19530]
{{- end }}
{{- end }}
{{- if .Values.monitoring.enabled }}
monitoring:
  from: [{monitoring: true}]
  ports: [9091]
{{- end }}
{{- with .Values.networkPolicy.ingress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
