{{/*
model.scheme: hf, oci, s3 or pvc.
*/}}
{{- define "model.scheme" -}}
{{- regexFind "^[a-z0-9]+" .Values.model.source -}}
{{- end -}}

{{/*
model.reference: the source without its scheme.
*/}}
{{- define "model.reference" -}}
{{- regexReplaceAll "^[a-z0-9]+://" .Values.model.source "" -}}
{{- end -}}

{{/*
model.downloads: "true" when the engine itself fetches the weights. KServe and llm-d do that in an init container.
*/}}
{{- define "model.downloads" -}}
{{- if and (eq .Values.runtime "deployment") (eq (include "model.scheme" .) "hf") (eq .Values.engine "vllm") }}true{{ end -}}
{{- end -}}

{{/*
model.path: what the engine loads. KServe and llm-d put every source at /mnt/models. A ModelCar keeps its weights under
/models, and image volumes take a subPath only from Kubernetes 1.33, so the whole image is mounted and the folder named.
*/}}
{{- define "model.path" -}}
{{- if eq .Values.runtime "deployment" -}}
{{- $scheme := include "model.scheme" . -}}
{{- if eq $scheme "hf" -}}{{ include "model.reference" . | splitList ":" | first }}
{{- else if eq $scheme "oci" -}}/mnt/modelcar/models
{{- else -}}/mnt/models
{{- end -}}
{{- else -}}/mnt/models
{{- end -}}
{{- end -}}

{{/*
model.port: the port of the engine. KServe's own authentication proxy expects 8080.
*/}}
{{- define "model.port" -}}
{{- ternary 8080 8000 (eq .Values.runtime "kserve") -}}
{{- end -}}

{{/*
model.url: where clients reach the model. With kserve, our own Service when the model is open, because KServe's is headless
on some installations and not on others; the proxy's port of KServe's Service when it is not. With llm-d, the Service that
the controller creates, without the gateway.
*/}}
{{- define "model.url" -}}
{{- $host := printf "%s.svc.cluster.local" .Release.Namespace -}}
{{- if .Values.url -}}{{ trimSuffix "/" .Values.url }}
{{- else if eq .Values.runtime "llm-d" -}}https://{{ include "model.llmd.service" . }}.{{ $host }}:8000
{{- else if eq .Values.runtime "deployment" -}}http://{{ .Release.Name }}.{{ $host }}:8000
{{- else if .Values.auth.enabled -}}https://{{ .Release.Name }}-predictor.{{ $host }}:8443
{{- else -}}http://{{ include "model.service" . }}.{{ $host }}:8000
{{- end -}}
{{- end -}}

{{/*
model.service: the Service that we render. Not the bare name with kserve: what is called like an InferenceService belongs to
its controller, and so does <name>-metrics on OpenShift AI.
*/}}
{{- define "model.service" -}}
{{- .Release.Name -}}{{- if eq .Values.runtime "kserve" }}-engine{{ end -}}
{{- end -}}

{{- define "model.llmd.service" -}}
{{- printf "%s-kserve-workload-svc" .Release.Name -}}
{{- end -}}

{{/*
model.selector: labels of the engine's pods. Those of llm-d are the controller's: LLMInferenceService takes labels of ours
for its pods from OpenShift AI 3.4 only.
*/}}
{{- define "model.selector" -}}
{{- if eq .Values.runtime "llm-d" -}}
app.kubernetes.io/name: {{ .Release.Name }}
app.kubernetes.io/part-of: llminferenceservice
kserve.io/component: workload
{{- else -}}
{{- include "common.selectorLabels" (dict "ctx" . "component" "engine") -}}
{{- end -}}
{{- end -}}

{{/*
model.since34: "true" from OpenShift AI 3.4; empty before it and on a cluster without OpenShift AI.
*/}}
{{- define "model.since34" -}}
{{- $version := (.Values.cluster | default dict).openshiftAI | default "" | toString -}}
{{- if and $version (semverCompare ">=3.4-0" $version) }}true{{ end -}}
{{- end -}}

{{/*
model.image: our own images when none is named.
*/}}
{{- define "model.image" -}}
{{- $image := .Values.image -}}
{{- if not $image.repository -}}
{{- $own := dict "vllm" (dict "repository" "vllm-cpu" "tag" "0.32.0") "sim" (dict "repository" "inference-sim" "tag" "0.10.2")
      "standin" (dict "repository" "embedder" "tag" "0.1.0") -}}
{{- $own = index $own .Values.engine -}}
{{- $image = dict "repository" $own.repository "tag" ($image.tag | default $own.tag) "digest" $image.digest -}}
{{- end -}}
{{- include "common.image" (dict "ctx" . "image" $image "key" "image") -}}
{{- end -}}

{{/*
model.startup: seconds allowed for starting; the rule is written at capacity.startupSeconds.
*/}}
{{- define "model.startup" -}}
{{- $given := int .Values.capacity.startupSeconds -}}
{{- $factor := ternary 40.0 20.0 (eq (include "model.downloads" .) "true") -}}
{{- if $given -}}{{ $given }}
{{- else if ne .Values.engine "vllm" -}}60
{{- else -}}{{ addf 180 (mulf $factor (float64 .Values.model.sizeGiB)) | ceil | int }}
{{- end -}}
{{- end -}}

{{/*
model.annotations: of an InferenceService or LLMInferenceService. Authentication is written out either way, because its
default differs between the two kinds (opendatahub-io/kserve #939). The Secret for the download is named as KServe's own
configuration has it (kserve v0.20.0, config/configmap/inferenceservice.yaml, storageSecretNameAnnotation).
*/}}
{{- define "model.annotations" -}}
{{ include "common.annotations.foreign" . }}
security.opendatahub.io/enable-auth: {{ .Values.auth.enabled | quote }}
{{- with .Values.model.token.existingSecret }}
serving.kserve.io/storageSecretName: {{ . }}
{{- end }}
{{- end -}}

{{/*
model.kserveFormat: the model format that joins InferenceService and ServingRuntime. KServe takes a predictor without a
storageUri for a multi-model server and puts its agent (kserve/agent:latest) into the pod, unless the format is
huggingface (kserve v0.20.0 pkg/controller/v1beta1/inferenceservice/utils IsMMSPredictor). The simulator and the stand-in
have no weights, so no storageUri.
*/}}
{{- define "model.kserveFormat" -}}
{{- eq .Values.engine "vllm" | ternary "vLLM" "huggingface" -}}
{{- end -}}

{{/*
model.gpu: the pool of GPUs that a pod runs on (common.gpu); empty on CPU.
*/}}
{{- define "model.gpu" -}}
{{- if gt (int .Values.capacity.gpus) 0 -}}
{{- include "common.gpu" (dict "ctx" . "pool" .Values.capacity.gpu) -}}
{{- end -}}
{{- end -}}

{{/*
model.utilization: share of a GPU's memory that one engine takes. Engines in time slices see the whole GPU, so each takes its part.
*/}}
{{- define "model.utilization" -}}
{{- divf (float64 .Values.capacity.gpuMemoryUtilization) ((include "model.gpu" . | fromYaml).timeSlices | default 1) -}}
{{- end -}}
