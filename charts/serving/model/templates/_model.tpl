{{/*
model.scheme: hf, oci, s3 or pvc.
*/}}
{{- define "model.scheme" -}}
{{- regexFind "^[a-z0-9]+" .Values.model.source -}}
{{- end -}}

{{/*
model.adapters: source of every LoRA adapter by name; one that an overlay sets to null is gone.
*/}}
{{- define "model.adapters" -}}
{{- $adapters := dict -}}
{{- range $name, $source := .Values.lora.adapters -}}
{{- if $source -}}{{- $_ := set $adapters $name $source -}}{{- end -}}
{{- end -}}
{{- toYaml $adapters -}}
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
model.enginePort: the port of one engine. Of a disaggregated pair the decoder stands behind the routing sidecar, which has its port.
Takes: {ctx, role}.
*/}}
{{- define "model.enginePort" -}}
{{- eq (.role | default "") "decode" | ternary "8001" (include "model.port" .ctx) -}}
{{- end -}}

{{/*
model.tls: "true" when the engine itself speaks TLS: with llm-d, where OpenShift AI's configuration says so (enableLLMInferenceServiceTLS;
KServe's own says nothing, which is no).
*/}}
{{- define "model.tls" -}}
{{- $tls := .Values.llmd.tls -}}
{{- $openshift := eq ((.Values.cluster | default dict).platform | default "") "openshift" -}}
{{- if and (eq .Values.runtime "llm-d") (or (eq $tls "on") (and (eq $tls "auto") $openshift)) }}true{{ end -}}
{{- end -}}

{{/*
model.url: where clients reach the model. With kserve, our own Service when the model is open, because KServe's is headless
on some installations and not on others; the proxy's port of KServe's Service when it is not. With llm-d, the Service that
the controller creates, without the gateway.
*/}}
{{- define "model.url" -}}
{{- $host := printf "%s.svc.cluster.local" .Release.Namespace -}}
{{- if .Values.url -}}{{ trimSuffix "/" .Values.url }}
{{- else if eq .Values.runtime "llm-d" -}}{{ ternary "https" "http" (eq (include "model.tls" .) "true") }}://{{ include "model.llmd.service" . }}.{{ $host }}:8000
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
model.image: our own images when none is named.
*/}}
{{- define "model.own" -}}
{{- index (dict "vllm" "vllm-cpu:0.32.0" "sim" "inference-sim:0.10.2" "standin" "embedder:0.1.0") .Values.engine -}}
{{- end -}}

{{- define "model.image" -}}
{{- $image := .Values.image -}}
{{- if not $image.repository -}}
{{- $own := include "model.own" . | splitList ":" -}}
{{- $image = dict "repository" (first $own) "tag" ($image.tag | default (last $own)) "digest" $image.digest -}}
{{- end -}}
{{- include "common.image" (dict "ctx" . "image" $image "key" "image") -}}
{{- end -}}

{{/*
model.engineVersion: version of vLLM in the image: as written, else what a source says of the image (charts/common/values.yaml), else the
tag of our own. Empty when nobody knows.
*/}}
{{- define "model.engineVersion" -}}
{{- $image := .Values.image -}}
{{- $known := (.Values.common | default dict).engines | default dict -}}
{{- if .Values.engineVersion -}}{{ .Values.engineVersion }}
{{- else if contains "vllm/vllm-openai" $image.repository -}}{{ regexFind "[0-9]+[.][0-9]+[.][0-9]+" $image.tag }}
{{- else if contains "/" $image.repository -}}{{ index $known (printf "%s:%s" $image.repository $image.tag) | default "" }}
{{- else -}}{{ regexFind "[0-9]+[.][0-9]+[.][0-9]+" ($image.tag | default (include "model.own" . | splitList ":" | last)) }}
{{- end -}}
{{- end -}}

{{/*
model.knows: "true" when the engine is known to be at least that version of vLLM. Takes: {ctx, since}.
*/}}
{{- define "model.knows" -}}
{{- $version := include "model.engineVersion" .ctx -}}
{{- if and $version (semverCompare (printf ">=%s-0" .since) $version) }}true{{ end -}}
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
model.least: pods that always run.
*/}}
{{- define "model.least" -}}
{{- ternary .Values.capacity.autoscaling.min .Values.capacity.replicas .Values.capacity.autoscaling.enabled -}}
{{- end -}}

{{/*
model.scaling: what common.scaledObject needs, as YAML. Three quarters of a batch in flight: the next pod should answer before requests
wait, and it needs its start-up time.
*/}}
{{- define "model.scaling" -}}
{{- $a := .Values.capacity.autoscaling -}}
{{- $workload := index (dict "deployment" "" "kserve" "-predictor" "llm-d" "-kserve") .Values.runtime -}}
{{- $batch := (include "model.capacity" . | fromYaml).maxNumSeqs | float64 -}}
target: {apiVersion: apps/v1, kind: Deployment, name: {{ include "common.name" . }}{{ $workload }}}
name: {{ include "common.name" . }}
component: engine
min: {{ int $a.min }}
max: {{ int $a.max }}
inFlight: {{ int $a.inFlight | default (mulf 0.75 $batch | floor | int) }}
kvCache: {{ $a.kvCache }}
via: {{ $a.via }}
wake: {{ toJson $a.wake }}
metrics: {{ toJson $a.metrics }}
modelName: {{ .Values.model.name | quote }}
startupSeconds: {{ include "model.startup" . }}
key: capacity.autoscaling
{{- end -}}

{{/*
model.llmd.gatewayNamespace: where KServe's default Gateway is (kserve v0.20.0 config/configmap, kserveIngressGateway; OpenShift AI's overlay).
*/}}
{{- define "model.llmd.gatewayNamespace" -}}
{{- .Values.llmd.gateway.namespace | default (ternary "openshift-ingress" "kserve" (eq ((.Values.cluster | default dict).platform | default "kubernetes") "openshift")) -}}
{{- end -}}
