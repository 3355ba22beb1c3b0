{{/*
model.container: the engine's container, the same in a Deployment, a ServingRuntime and an LLMInferenceService.
Takes: {ctx, name, resources (default true; KServe wants them on the InferenceService)}.
*/}}
{{- define "model.container" -}}
{{- $ctx := .ctx -}}
{{- $port := include "model.port" $ctx | int -}}
{{- /* What loads no weights from a volume is there at once. */ -}}
{{- $period := ternary 10 2 (eq $ctx.Values.engine "vllm") -}}
- name: {{ .name }}
  image: {{ include "model.image" $ctx }}
  imagePullPolicy: IfNotPresent
  command:
    {{- include "model.command" $ctx | nindent 4 }}
  args:
    {{- include "model.args" $ctx | nindent 4 }}
  env:
    {{- include "model.env" $ctx | nindent 4 }}
  ports:
    - name: http
      containerPort: {{ $port }}
      protocol: TCP
  # Nothing else is asked before this one passes, so a slow start is never taken for a hang (kserve #5062).
  startupProbe:
    {{- include "model.probe" $ctx | nindent 4 }}
    periodSeconds: {{ $period }}
    failureThreshold: {{ divf (include "model.startup" $ctx | float64) $period | ceil | int }}
  readinessProbe:
    {{- include "model.probe" $ctx | nindent 4 }}
    periodSeconds: 5
    timeoutSeconds: 5
    failureThreshold: 3
  # Slower than readiness: an engine under full load first leaves the Service, and is killed only when it stays mute.
  livenessProbe:
    {{- include "model.probe" $ctx | nindent 4 }}
    periodSeconds: 20
    timeoutSeconds: 10
    failureThreshold: 6
  {{- if ne (toString .resources) "false" }}
  resources:
    {{- include "model.resources" $ctx | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "common.containerSecurityContext" (dict "writableRoot" (gt (int $ctx.Values.capacity.gpus) 0)) | nindent 4 }}
  volumeMounts:
    {{- include "common.writableHome.volumeMounts" $ctx | nindent 4 }}
    {{- with include "model.volumeMounts" $ctx | trim }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "model.probe" -}}
httpGet:
  path: /health
  port: {{ include "model.port" . }}
  scheme: {{ ternary "HTTPS" "HTTP" (eq .Values.runtime "llm-d") }}
{{- end -}}

{{- define "model.resources" -}}
{{- $c := .Values.capacity -}}
{{- $gpu := include "model.gpu" . | fromYaml -}}
requests:
  cpu: {{ $c.cpu | quote }}
  memory: {{ $c.memory }}
  ephemeral-storage: {{ $c.ephemeralStorage }}
  {{- with $gpu }}
  {{ .resource }}: {{ int $c.gpus | quote }}
  {{- end }}
limits:
  memory: {{ $c.memory }}
  ephemeral-storage: {{ $c.ephemeralStorage }}
  {{- with $gpu }}
  {{ .resource }}: {{ int $c.gpus | quote }}
  {{- end }}
{{- end -}}

{{/*
model.volumeMounts / model.volumes: weights and shared memory. The name dshm is that of KServe's own templates, into which
an LLMInferenceService is merged by name.
*/}}
{{- define "model.volumeMounts" -}}
{{- $scheme := include "model.scheme" . -}}
{{- if and (eq .Values.runtime "deployment") (eq .Values.engine "vllm") }}
{{- if eq $scheme "pvc" }}
- name: model
  mountPath: /mnt/models
  readOnly: true
  {{- with include "model.reference" . | splitList "/" | rest | join "/" }}
  subPath: {{ . }}
  {{- end }}
{{- else if eq $scheme "oci" }}
- name: model
  mountPath: /mnt/modelcar
  readOnly: true
{{- end }}
{{- end }}
{{- if gt (int .Values.capacity.gpus) 1 }}
- name: dshm
  mountPath: /dev/shm
{{- end }}
{{- end -}}

{{- define "model.volumes" -}}
{{- $scheme := include "model.scheme" . -}}
{{ include "common.writableHome.volumes" (dict "size" .Values.capacity.ephemeralStorage) }}
{{- if and (eq .Values.runtime "deployment") (eq .Values.engine "vllm") }}
{{- if eq $scheme "pvc" }}
- name: model
  persistentVolumeClaim:
    claimName: {{ include "model.reference" . | splitList "/" | first }}
    readOnly: true
{{- else if eq $scheme "oci" }}
- name: model
  image:
    reference: {{ include "model.reference" . }}
    pullPolicy: IfNotPresent
{{- end }}
{{- end }}
{{- if gt (int .Values.capacity.gpus) 1 }}
- name: dshm
  emptyDir:
    medium: Memory
    sizeLimit: {{ .Values.capacity.sharedMemory }}
{{- end }}
{{- end -}}

{{/*
model.placement: nodeSelector and tolerations that bring a pod to its GPUs, for a pod spec.
*/}}
{{- define "model.placement" -}}
{{- with include "model.gpu" . | fromYaml -}}
{{- ternary (pick . "nodeSelector" "tolerations") (pick . "nodeSelector") (gt (len .tolerations) 0) | toYaml -}}
{{- end -}}
{{- end -}}

{{/*
model.strategy: surge first where there is room. Where the old pod holds the only GPU, it must go first (kserve #5452).
*/}}
{{- define "model.strategy" -}}
{{- $tight := and (gt (int .Values.capacity.gpus) 0) (not .Values.capacity.spareGpu) -}}
type: RollingUpdate
rollingUpdate:
  maxSurge: {{ ternary 0 1 $tight }}
  maxUnavailable: {{ ternary 1 0 $tight }}
{{- end -}}
