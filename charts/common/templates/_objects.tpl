{{/*
common.service: a ClusterIP Service. Exposure beyond the cluster is a decision of its own, so no other type here.
Takes: {ctx, name, component, ports: [{name, port, targetPort (default: name)}], headless (default false),
  selector (map; default: common.selectorLabels), labels, annotations}.
*/}}
{{- define "common.service" -}}
apiVersion: v1
kind: Service
{{ include "common.metadata" . }}
spec:
  type: ClusterIP
  {{- if .headless }}
  clusterIP: None
  {{- end }}
  selector:
    {{- if .selector }}
    {{- toYaml .selector | nindent 4 }}
    {{- else }}
    {{- include "common.selectorLabels" . | nindent 4 }}
    {{- end }}
  ports:
    {{- range .ports }}
    - name: {{ .name }}
      port: {{ .port }}
      targetPort: {{ .targetPort | default .name }}
      protocol: TCP
    {{- end }}
{{- end -}}

{{/*
common.pvc: a volume claim that no sync and no deletion of the Application removes. The storage class is a fact of
the cluster unless the chart insists on one.
Takes: {ctx, name, component, size, storageClass (default: cluster.storageClass), accessMode (default ReadWriteOnce),
  labels, annotations}.
*/}}
{{- define "common.pvc" -}}
{{- $class := .storageClass | default (.ctx.Values.cluster | default dict).storageClass -}}
{{- $annotations := merge (dict) (.annotations | default dict) (include "common.annotations.keep" .ctx | fromYaml) -}}
apiVersion: v1
kind: PersistentVolumeClaim
{{ include "common.metadata" (merge (dict "annotations" $annotations) .) }}
spec:
  accessModes: [{{ .accessMode | default "ReadWriteOnce" }}]
  {{- with $class }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ .size }}
{{- end -}}

{{/*
common.pdb: a PodDisruptionBudget, only when there is more than one replica: with one it would block every drain of
the node, and an operator would delete it in anger.
Takes: {ctx, name, component, replicas (int), maxUnavailable (default 1), selector}.
*/}}
{{- define "common.pdb" -}}
{{- if gt (int .replicas) 1 -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
{{ include "common.metadata" . }}
spec:
  maxUnavailable: {{ .maxUnavailable | default 1 }}
  selector:
    matchLabels:
      {{- if .selector }}
      {{- toYaml .selector | nindent 6 }}
      {{- else }}
      {{- include "common.selectorLabels" . | nindent 6 }}
      {{- end }}
{{- end -}}
{{- end -}}
