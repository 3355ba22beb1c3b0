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

{{/*
The processes to run, by component: command, whether clients call it, replicas, resources. mixcoord is `mixture` with four coordinators and a
streamingnode is needed beside the others, as in Milvus' own chart for 2.6.5 (milvus-helm 3c3d78b).
*/}}
{{- define "milvus.parts" -}}
{{- if eq .Values.mode "standalone" -}}
milvus: {args: [milvus, run, standalone], serves: true, replicas: 1, resources: {{ toJson .Values.resources }}}
{{- else -}}
{{- range $name, $part := .Values.parts }}
{{ $name }}:
  args: {{ ternary (list "milvus" "run" "mixture" "-rootcoord" "-querycoord" "-datacoord" "-indexcoord") (list "milvus" "run" $name) (eq $name "mixcoord") | toJson }}
  serves: {{ eq $name "proxy" }}
  replicas: {{ $part.replicas }}
  resources: {{ toJson $part.resources }}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "milvus.embedded" -}}{{ if eq .Values.stores "embedded" }}true{{ end }}{{- end -}}

{{/* All pods of this release, etcd and backups included: with external stores they talk to each other on many ports. */}}
{{- define "milvus.everyPod" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Addresses of the own etcd's members: their names are known before they run. */}}
{{- define "milvus.members" -}}
{{- $root := . -}}
{{- $name := printf "%s-etcd" (include "common.name" .) -}}
{{- $members := list -}}
{{- range $i := until (int .Values.etcd.replicas) -}}
{{- $members = append $members (printf "%s-%d.%s.%s.svc" $name $i $name $root.Release.Namespace) -}}
{{- end -}}
{{- toJson $members -}}
{{- end -}}

{{- define "milvus.endpoints" -}}
{{- $own := list -}}
{{- range include "milvus.members" . | fromJsonArray -}}{{- $own = append $own (printf "%s:2379" .) -}}{{- end -}}
{{- .Values.etcd.endpoints | default (join "," $own) -}}
{{- end -}}

{{/* A bucket's ConfigMap and Secret as environment. Takes: {bucket, names: {variable: key}}; keys that begin with AWS are in the Secret. */}}
{{- define "milvus.bucketEnv" -}}
{{- $bucket := .bucket -}}
{{- range $variable, $key := .names }}
- name: {{ $variable }}
  valueFrom:
    {{ ternary "secretKeyRef" "configMapKeyRef" (hasPrefix "AWS_" $key) }}: {name: {{ $bucket }}, key: {{ $key }}}
{{- end }}
{{- end -}}

{{/* Where metadata and vectors are. */}}
{{- define "milvus.stores" -}}
{{- if eq .Values.mode "standalone" }}
# Milvus 2.6 reads the mode before its command line; without this an embedded etcd is refused.
- name: DEPLOY_MODE
  value: STANDALONE
{{- end }}
{{- if include "milvus.embedded" . }}
- name: COMMON_STORAGETYPE
  value: local
- name: ETCD_USE_EMBED
  value: "true"
# Beside the vectors, never on an emptyDir: vectors without their metadata are lost.
- name: ETCD_DATA_DIR
  value: /var/lib/milvus/etcd
- name: ETCD_CONFIG_PATH
  value: /etc/milvus/etcd/embedEtcd.yaml
{{- else }}
- name: ETCD_ENDPOINTS
  value: {{ include "milvus.endpoints" . | quote }}
- name: ETCD_ROOTPATH
  value: {{ .Values.etcd.rootPath | quote }}
{{- if .Values.etcd.tlsSecretName }}
- name: ETCD_SSL_ENABLED
  value: "true"
{{- range $variable, $file := dict "TLSCERT" "tls.crt" "TLSKEY" "tls.key" "TLSCACERT" "ca.crt" }}
- name: ETCD_SSL_{{ $variable }}
  value: /etc/milvus/etcd-tls/{{ $file }}
{{- end }}
{{- end }}
{{- include "milvus.bucketEnv" (dict "bucket" .Values.s3.bucket "names" (dict
      "MINIO_ADDRESS" "BUCKET_HOST" "MINIO_PORT" "BUCKET_PORT" "MINIO_BUCKETNAME" "BUCKET_NAME"
      "MINIO_ACCESSKEYID" "AWS_ACCESS_KEY_ID" "MINIO_SECRETACCESSKEY" "AWS_SECRET_ACCESS_KEY")) }}
- name: MINIO_ROOTPATH
  value: {{ .Values.s3.rootPath | quote }}
- name: MINIO_USESSL
  value: {{ .Values.s3.tls | quote }}
{{- if .Values.s3.caConfigMap }}
- name: MINIO_SSL_TLSCACERT
  value: /etc/milvus/s3-ca/{{ .Values.s3.caKey }}
{{- end }}
# Unset, a cluster takes Pulsar. Woodpecker keeps the log in the bucket and needs conditional writes there (If-None-Match).
- name: MQ_TYPE
  value: woodpecker
- name: WOODPECKER_STORAGE_TYPE
  value: minio
{{- end }}
{{- end -}}

{{/* Files that a part reads, as volumes: name -> the volume's source and where it is mounted. */}}
{{- define "milvus.files" -}}
{{- if include "milvus.embedded" . }}
etcd: {path: /etc/milvus/etcd, source: {configMap: {name: {{ include "common.name" . }}-etcd}}}
{{- else }}
{{- with .Values.etcd.tlsSecretName }}
etcd-tls: {path: /etc/milvus/etcd-tls, source: {secret: {secretName: {{ . }}}}}
{{- end }}
{{- with .Values.s3.caConfigMap }}
s3-ca: {path: /etc/milvus/s3-ca, source: {configMap: {name: {{ . }}}}}
{{- end }}
{{- end }}
{{- with .Values.tls.secretName }}
tls: {path: /etc/milvus/tls, source: {secret: {secretName: {{ . }}}}}
{{- end }}
{{- end -}}

{{- define "milvus.fileMounts" -}}
{{- range $name, $file := include "milvus.files" . | fromYaml }}
- name: {{ $name }}
  mountPath: {{ $file.path }}
  readOnly: true
{{- end }}
{{- end -}}

{{- define "milvus.fileVolumes" -}}
{{- range $name, $file := include "milvus.files" . | fromYaml }}
- {{ merge (dict "name" $name) $file.source | toYaml | nindent 2 | trim }}
{{- end }}
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
{{- if not (include "milvus.embedded" .) }}
own:
  from: [{pods: {{ include "milvus.everyPod" . | fromYaml | toJson }}}]
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

{{- define "milvus.egress" -}}
{{- if not (include "milvus.embedded" .) }}
own:
  to: [{pods: {{ include "milvus.everyPod" . | fromYaml | toJson }}}]
s3: {{ toJson .Values.s3.network }}
{{- end }}
{{- with .Values.networkPolicy.egress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
