{{/*
model.container: the engine's container, the same in a Deployment, a ServingRuntime and an LLMInferenceService.
Takes: {ctx, name, resources (default true; KServe wants them on the InferenceService), role (of a disaggregated engine: decode or
prefill), gpus (of this pod; default capacity.gpus), headless (default false: a worker of several nodes answers nobody)}.
*/}}
{{- define "model.container" -}}
{{- $ctx := .ctx -}}
{{- $vllm := eq $ctx.Values.engine "vllm" -}}
{{- /* What loads no weights from a volume is there at once. */ -}}
{{- $period := ternary 10 2 $vllm -}}
- name: {{ .name }}
  image: {{ include "model.image" $ctx }}
  imagePullPolicy: IfNotPresent
  {{- /* With llm-d vLLM is started by the command that the release brings; our arguments are in its environment. */}}
  {{- if not (and $vllm (eq $ctx.Values.runtime "llm-d")) }}
  command:
    {{- include "model.command" $ctx | nindent 4 }}
  args:
    {{- include "model.args" . | nindent 4 }}
  {{- end }}
  env:
    {{- include "model.env" . | nindent 4 }}
  {{- if not .headless }}
  ports:
    - name: http
      containerPort: {{ include "model.enginePort" . }}
      protocol: TCP
  # Nothing else is asked before this one passes, so a slow start is never taken for a hang (kserve #5062).
  startupProbe:
    {{- include "model.probe" . | nindent 4 }}
    periodSeconds: {{ $period }}
    failureThreshold: {{ divf (include "model.startup" $ctx | float64) $period | ceil | int }}
  readinessProbe:
    {{- include "model.probe" . | nindent 4 }}
    periodSeconds: 5
    timeoutSeconds: 5
    failureThreshold: 3
  # Slower than readiness: an engine under full load first leaves the Service, and is killed only when it stays mute.
  livenessProbe:
    {{- include "model.probe" . | nindent 4 }}
    periodSeconds: 20
    timeoutSeconds: 10
    failureThreshold: 6
  {{- end }}
  {{- if ne (toString .resources) "false" }}
  resources:
    {{- include "model.resources" . | nindent 4 }}
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
  port: {{ include "model.enginePort" . }}
  scheme: {{ ternary "HTTPS" "HTTP" (eq (include "model.tls" .ctx) "true") }}
{{- end -}}

{{/*
model.resources: requests and limits of one pod. Takes: {ctx, gpus (default capacity.gpus)}.
*/}}
{{- define "model.resources" -}}
{{- $c := include "model.capacity" .ctx | fromYaml -}}
{{- $devices := dict -}}
{{- with include "model.gpu" .ctx | fromYaml -}}
{{- $_ := set $devices .resource ($.gpus | default $.ctx.Values.capacity.gpus | int | toString) -}}
{{- end -}}
{{- with .ctx.Values.llmd.rdma.resource -}}{{- $_ := set $devices . "1" -}}{{- end -}}
requests:
  cpu: {{ $c.cpu | quote }}
  memory: {{ $c.memory }}
  ephemeral-storage: {{ $c.ephemeralStorage }}
  {{- range $name, $count := $devices }}
  {{ $name }}: {{ $count | quote }}
  {{- end }}
limits:
  memory: {{ $c.memory }}
  ephemeral-storage: {{ $c.ephemeralStorage }}
  {{- range $name, $count := $devices }}
  {{ $name }}: {{ $count | quote }}
  {{- end }}
{{- end -}}

{{/*
model.podSpec: one pod of an LLMInferenceService, which merges it by name into that of its release.
Takes: what model.container takes.
*/}}
{{- define "model.podSpec" -}}
automountServiceAccountToken: false
securityContext:
  {{- include "common.podSecurityContext" (dict "ctx" .ctx) | nindent 2 }}
{{- with include "model.placement" .ctx }}
{{ . }}
{{- end }}
containers:
  {{- include "model.container" (merge (dict "name" "main") .) | nindent 2 }}
volumes:
  {{- include "model.volumes" .ctx | nindent 2 }}
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
{{- range $name, $claim := include "model.claims" . | fromYaml }}
- name: {{ $name }}
  mountPath: {{ $claim.path }}
  readOnly: true
  {{- with $claim.subPath }}
  subPath: {{ . }}
  {{- end }}
{{- end }}
{{- with (include "model.capacity" . | fromYaml).sharedMemory }}
- name: dshm
  mountPath: /dev/shm
{{- end }}
{{- end -}}

{{/*
model.claims: volumes beside the weights, by name: the draft model of speculative decoding, and LoRA adapters where no controller
fetches them.
*/}}
{{- define "model.claims" -}}
{{- $claims := dict -}}
{{- with .Values.speculative.source -}}{{- $_ := set $claims "draft" (dict "source" . "path" "/mnt/draft") -}}{{- end -}}
{{- if ne .Values.runtime "llm-d" -}}
{{- range $name, $source := include "model.adapters" . | fromYaml -}}
{{- $_ := set $claims (printf "lora-%s" $name) (dict "source" $source "path" (printf "/mnt/lora/%s" $name)) -}}
{{- end -}}
{{- end -}}
{{- range $name, $claim := $claims -}}
{{- $parts := trimPrefix "pvc://" $claim.source | splitList "/" -}}
{{- $_ := set $claim "claim" (first $parts) -}}
{{- $_ := set $claim "subPath" (rest $parts | join "/") -}}
{{- end -}}
{{- toYaml $claims -}}
{{- end -}}

{{- define "model.volumes" -}}
{{- $scheme := include "model.scheme" . -}}
{{ include "common.writableHome.volumes" (dict "size" (include "model.capacity" . | fromYaml).ephemeralStorage) }}
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
{{- range $name, $claim := include "model.claims" . | fromYaml }}
- name: {{ $name }}
  persistentVolumeClaim:
    claimName: {{ $claim.claim }}
    readOnly: true
{{- end }}
{{- with (include "model.capacity" . | fromYaml).sharedMemory }}
- name: dshm
  emptyDir:
    medium: Memory
    sizeLimit: {{ . }}
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
