{{/*
A copy of all collections into another bucket with milvus-backup, while Milvus serves. Backups have the numbers 0 to keep-1 in turn, so
that the oldest is replaced and nothing has to be counted. Variables: internal/cfg/cfg.go of milvus-backup v0.5.16.
*/}}
{{- define "milvus.backup" -}}
- name: backup
  image: {{ include "common.image" (dict "ctx" . "image" .Values.backup.tool "key" "backup.tool") }}
  imagePullPolicy: IfNotPresent
  workingDir: /tmp
  command: [sh, -ec]
  args:
    - |
      name="night_$(( $(date +%s) / 86400 % {{ .Values.backup.keep }} ))"
      # No configuration file: all is in the variables. Two buckets with two accounts: the data goes through this pod.
      backup="/app/milvus-backup --config= --set minio.crossStorage=true"
      $backup delete -n "$name" || true
      $backup create -n "$name" --rbac
  env:
    - name: MILVUS_ADDRESS
      value: {{ .Release.Name }}.{{ .Release.Namespace }}.svc
    {{- if .Values.auth.enabled }}
    - name: MILVUS_USER
      value: root
    - name: MILVUS_PASSWORD
      valueFrom:
        secretKeyRef: {name: {{ .Values.auth.secretName }}, key: {{ .Values.auth.secretKey }}}
    {{- end }}
    {{- if .Values.tls.secretName }}
    - name: MILVUS_TLS_MODE
      value: "1"
    - name: MILVUS_CA_CERT_PATH
      value: /etc/milvus/tls/ca.crt
    {{- end }}
    # What is being copied must not be collected meanwhile; the coordinator is asked to wait.
    - name: BACKUP_GC_PAUSE_ADDRESS
      value: http://{{ ternary .Release.Name (printf "%s-mixcoord" .Release.Name) (eq .Values.mode "standalone") }}.{{ .Release.Namespace }}.svc:9091
    - name: MINIO_ROOT_PATH
      value: {{ .Values.s3.rootPath | quote }}
    - name: MINIO_USE_SSL
      value: {{ .Values.s3.tls | quote }}
    {{- if .Values.s3.caConfigMap }}
    - name: SSL_CERT_FILE
      value: /etc/milvus/s3-ca/{{ .Values.s3.caKey }}
    {{- end }}
    {{- include "milvus.bucketEnv" (dict "bucket" .Values.s3.bucket "names" (dict
          "MINIO_ADDRESS" "BUCKET_HOST" "MINIO_PORT" "BUCKET_PORT" "MINIO_BUCKET_NAME" "BUCKET_NAME"
          "MINIO_ACCESS_KEY" "AWS_ACCESS_KEY_ID" "MINIO_SECRET_KEY" "AWS_SECRET_ACCESS_KEY")) | nindent 4 }}
    {{- include "milvus.bucketEnv" (dict "bucket" .Values.backup.bucket "names" (dict
          "MINIO_BACKUP_BUCKET_NAME" "BUCKET_NAME"
          "MINIO_BACKUP_ACCESS_KEY" "AWS_ACCESS_KEY_ID" "MINIO_BACKUP_SECRET_KEY" "AWS_SECRET_ACCESS_KEY")) | nindent 4 }}
  resources:
    requests: {cpu: 100m, memory: 256Mi}
    limits: {memory: 1Gi}
  securityContext:
    {{- include "common.containerSecurityContext" . | nindent 4 }}
  volumeMounts:
    - name: tmp
      mountPath: /tmp
    {{- include "milvus.fileMounts" . | nindent 4 }}
{{- end -}}
