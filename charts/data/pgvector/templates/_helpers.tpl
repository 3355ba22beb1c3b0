{{/* Who may connect, and how: nobody without a password, and with a certificate nobody in the clear. */}}
{{- define "pgvector.hba" -}}
local all all scram-sha-256
{{ ternary "hostssl" "host" (ne .Values.tls.secretName "") }} all all all scram-sha-256
{{- end -}}

{{/*
Runs once, on an empty volume, by the image's script. The extension is made here because only a superuser may, and the user is none. Names
and password are psql's variables, quoted by psql.
*/}}
{{- define "pgvector.init" -}}
psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres \
  -v user="$VECTOR_USER" -v password="$VECTOR_PASSWORD" -v database="$VECTOR_DATABASE" <<'SQL'
CREATE ROLE :"user" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"user";
REVOKE CONNECT ON DATABASE :"database" FROM PUBLIC;
\connect :"database"
CREATE EXTENSION vector;
ALTER DATABASE :"database" SET hnsw.ef_search = {{ .Values.contract.index.efSearch }};
SQL
{{- end -}}

{{- define "pgvector.ingress" -}}
rag:
  from: [{layer: rag}]
  ports: [5432]
backup:
  from: [{pods: {app.kubernetes.io/instance: {{ .Release.Name }}, app.kubernetes.io/component: backup}}]
  ports: [5432]
{{- range $name, $peer := .Values.clients }}
{{- if $peer }}
client-{{ $name }}:
  from: [{{ toJson $peer }}]
  ports: [5432]
{{- end }}
{{- end }}
{{- with .Values.networkPolicy.ingress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What both the server and the dump run: the image, its rights, and a place for small files. Takes: {ctx, name}. */}}
{{- define "pgvector.container" -}}
- name: {{ .name }}
  image: {{ include "common.image" (dict "ctx" .ctx "image" .ctx.Values.image) }}
  imagePullPolicy: IfNotPresent
  securityContext:
    {{- include "common.containerSecurityContext" .ctx | nindent 4 }}
{{- end -}}

{{/*
One dump, in the format that pg_restore reads, under a number from 0 to keep-1 in turn: the oldest is replaced, and only when the new one is
whole.
*/}}
{{- define "pgvector.dump" -}}
{{ include "pgvector.container" (dict "ctx" . "name" "dump") }}
  command: [sh, -ec]
  args:
    - |
      file="/dumps/{{ .Values.database }}-$(( $(date +%s) / 86400 % {{ .Values.backup.keep }} )).dump"
      pg_dump --format=custom --file="$file.new"
      pg_restore --list "$file.new" >/dev/null
      mv "$file.new" "$file"
      ls -l /dumps
  env:
    - name: PGHOST
      value: {{ .Release.Name }}.{{ .Release.Namespace }}.svc
    - name: PGUSER
      value: {{ .Values.user }}
    - name: PGDATABASE
      value: {{ .Values.database }}
    - name: PGPASSWORD
      valueFrom:
        secretKeyRef: {name: {{ .Values.auth.secretName }}, key: {{ .Values.auth.userKey }}}
    {{- if .Values.tls.secretName }}
    - name: PGSSLMODE
      value: verify-full
    - name: PGSSLROOTCERT
      value: /etc/pgvector-tls/ca.crt
    {{- end }}
  resources:
    requests: {cpu: 100m, memory: 128Mi}
    limits: {memory: 512Mi}
  volumeMounts:
    - name: dumps
      mountPath: /dumps
    - name: tmp
      mountPath: /tmp
    {{- if .Values.tls.secretName }}
    - name: tls
      mountPath: /etc/pgvector-tls
      readOnly: true
    {{- end }}
{{- end -}}

{{- define "pgvector.dumpVolumes" -}}
- name: dumps
  persistentVolumeClaim:
    claimName: {{ include "common.name" . }}-dumps
{{- if .Values.tls.secretName }}
- name: tls
  secret:
    secretName: {{ .Values.tls.secretName }}
    # The CA alone: this pod is a client.
    items: [{key: ca.crt, path: ca.crt}]
{{- end }}
{{- end -}}
