{{/*
common.scaledObject: scales an engine by what vLLM says of itself: a ScaledObject of KEDA (2.17 or later) or, with `via: hpa`, a plain
HorizontalPodAutoscaler, whose metrics an adapter of the cluster must serve.

Both metrics are totals that are divided by the pods (AverageValue), so a pod that is still loading, and says nothing, adds no demand.
Requests in flight, not the waiting ones alone: a queue that a new pod has emptied would otherwise ask to remove that pod again.

An absent metric never scales to 0 (KEDA 2.20.2: scalers/prometheus_scaler.go, fallback/fallback.go, executor/scale_scaledobjects.go):
  ignoreNullValues "false"          no series is an error; the default would read it as 0, which is "no load"
  fallback.replicas >= 1            with an error and 0 here the executor goes on to scale to zero; from 1 on it waits
  behavior currentReplicasIfHigher  blind, it keeps what runs, and brings back what somebody has scaled to 0

Scaling to zero needs `wake`: a query that answers while no engine runs (requests at a gateway, for instance), since engines that do not
run count nothing. Zero wanted pods are then read as zero demand; wanted pods that say nothing are still an error.

Takes: {ctx, target: {apiVersion, kind, name}, max, startupSeconds (of one pod), name (default: target.name), namespace, component,
  min (default 1), inFlight (requests of one pod; 0 leaves it out), kvCache (share of one pod's KV cache, 0 to 1; 0 leaves it out),
  modelName (as served), pods (regular expression of the pods' names; default: those of a Deployment named target.name),
  wake: {query, namespace (default: own), threshold (default 1)}, via (keda|hpa, default keda),
  metrics: {inFlight, kvCache} (hpa only: names in external.metrics.k8s.io),
  server (default: common.prometheus), authenticated (default: on OpenShift), key (values key, for common.scaledObject.problems)}.
*/}}
{{- define "common.scaledObject" -}}
{{- $min := int (hasKey . "min" | ternary .min 1) -}}
{{- $startup := int .startupSeconds -}}
{{- $name := .name | default .target.name -}}
{{- $metadata := dict "ctx" .ctx "name" $name "namespace" .namespace "component" .component -}}
{{- $behavior := include "common.scaledObject.behavior" $startup -}}
{{- if eq (.via | default "keda") "hpa" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
{{ include "common.metadata" $metadata }}
spec:
  scaleTargetRef:
    {{- toYaml .target | nindent 4 }}
  minReplicas: {{ $min }}
  maxReplicas: {{ .max }}
  metrics:
    {{- range $metric := list "inFlight" "kvCache" }}
    {{- if index $ $metric }}
    - type: External
      external:
        metric:
          name: {{ index ($.metrics | default dict) $metric | quote }}
          selector:
            matchLabels: {model_name: {{ $.modelName | quote }}}
        target: {type: AverageValue, averageValue: {{ index $ $metric | quote }}}
    {{- end }}
    {{- end }}
  behavior:
    {{- $behavior | nindent 4 }}
{{- else -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
{{ include "common.metadata" (merge (dict "annotations" (include "common.annotations.foreign" .ctx | fromYaml)) $metadata) }}
spec:
  scaleTargetRef:
    {{- toYaml .target | nindent 4 }}
  minReplicaCount: {{ $min }}
  maxReplicaCount: {{ .max }}
  pollingInterval: 30
  {{- if eq $min 0 }}
  # From the last request to zero, and from this object's creation: never while a pod may still be starting.
  cooldownPeriod: {{ max 600 (mul 2 $startup) }}
  initialCooldownPeriod: {{ max 600 (mul 2 $startup) }}
  {{- end }}
  fallback:
    failureThreshold: 3
    replicas: {{ max 1 $min }}
    behavior: currentReplicasIfHigher
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- $behavior | nindent 8 }}
  triggers:
    {{- with .inFlight }}
    {{- $query := include "common.scaledObject.query" (merge (dict "of" "sum(PREFIXnum_requests_waiting{SERIES}) + sum(PREFIXnum_requests_running{SERIES})") $) }}
    {{- include "common.scaledObject.trigger" (merge (dict "trigger" "in-flight" "query" $query "threshold" .) $) | nindent 4 }}
    {{- end }}
    {{- with .kvCache }}
    {{- $query := include "common.scaledObject.query" (merge (dict "of" "sum(avg by (pod) (PREFIXkv_cache_usage_perc{SERIES}))") $) }}
    {{- include "common.scaledObject.trigger" (merge (dict "trigger" "kv-cache" "query" $query "threshold" .) $) | nindent 4 }}
    {{- end }}
    {{- if eq $min 0 }}
    {{- with .wake }}
    {{- $wake := dict "trigger" "wake" "query" .query "threshold" (.threshold | default 1) "metricsOf" .namespace }}
    {{- include "common.scaledObject.trigger" (merge $wake $) | nindent 4 }}
    {{- end }}
    {{- end }}
{{- end -}}
{{- end -}}

{{/*
common.scaledObject.behavior: how fast. A new pod helps only once it has started, so pods are at most doubled in that time; a removed one
costs that time to get back, so they go one by one. 3600 and 1800 are the API's own limits. Takes: seconds that a pod needs to start.
*/}}
{{- define "common.scaledObject.behavior" -}}
{{- $period := min 1800 (max 60 .) -}}
scaleUp:
  stabilizationWindowSeconds: 60
  policies:
    - {type: Percent, value: 100, periodSeconds: {{ $period }}}
scaleDown:
  stabilizationWindowSeconds: {{ min 3600 (max 300 .) }}
  policies:
    - {type: Pods, value: 1, periodSeconds: {{ $period }}}
{{- end -}}

{{/*
common.scaledObject.query: `of` for this engine's pods. KServe's own monitor of an LLMInferenceService renames vllm:* to kserve_vllm:*
(kserve #5208); the first that exists counts, since both may.
*/}}
{{- define "common.scaledObject.query" -}}
{{- $namespace := .namespace | default .ctx.Release.Namespace -}}
{{- $series := printf "namespace=%q, model_name=%q, pod=~%q" $namespace .modelName (.pods | default (printf "%s-[a-z0-9]+-[a-z0-9]+" .target.name)) -}}
{{- $query := .of | replace "SERIES" $series -}}
{{- $query | replace "PREFIX" "vllm:" }} or {{ $query | replace "PREFIX" "kserve_vllm:" -}}
{{- if eq (int (hasKey . "min" | ternary .min 1)) 0 }} or sum(kube_deployment_spec_replicas{namespace={{ $namespace | quote }}, deployment={{ .target.name | quote }}} == 0){{ end -}}
{{- end -}}

{{/*
common.scaledObject.trigger: one Prometheus trigger. `namespace` is what Thanos' port for one namespace asks for.
*/}}
{{- define "common.scaledObject.trigger" -}}
{{- $openshift := eq ((.ctx.Values.cluster | default dict).platform | default "openshift") "openshift" -}}
- type: prometheus
  name: {{ .trigger }}
  metricType: AverageValue
  metadata:
    serverAddress: {{ .server | default (include "common.prometheus" (dict "ctx" .ctx "tenancy" true)) }}
    query: {{ .query | quote }}
    threshold: {{ .threshold | quote }}
    ignoreNullValues: "false"
    {{- if $openshift }}
    namespace: {{ .metricsOf | default .namespace | default .ctx.Release.Namespace }}
    {{- end }}
    {{- if hasKey . "authenticated" | ternary .authenticated $openshift }}
    authModes: bearer
  authenticationRef:
    kind: ClusterTriggerAuthentication
    name: {{ include "common.scaledObject.authentication" .ctx }}
    {{- end }}
{{- end -}}

{{/*
common.scaledObject.authentication: the ClusterTriggerAuthentication that charts/platform/autoscaling makes and every ScaledObject names.
*/}}
{{- define "common.scaledObject.authentication" -}}leanrag-prometheus{{- end -}}

{{/*
common.scaledObject.problems: what cannot work, as a list for common.validate.report. Takes: what common.scaledObject takes.
*/}}
{{- define "common.scaledObject.problems" -}}
{{- $cluster := .ctx.Values.cluster | default dict -}}
{{- $key := .key | default "autoscaling" -}}
{{- $min := int (hasKey . "min" | ternary .min 1) -}}
{{- $keda := eq (.via | default "keda") "keda" -}}
{{- $wake := .wake | default dict -}}
{{- $found := list -}}
{{- if lt (int .max) (max 1 $min) -}}
{{- $found = append $found (list "max" (printf "%d is less than min, or less than one pod" (int .max)) "raise max, or lower min") -}}
{{- end -}}
{{- if not (or .inFlight .kvCache) -}}
{{- $found = append $found (list "inFlight" "it and kvCache are 0, so nothing would ever ask for another pod" "set one of them") -}}
{{- end -}}
{{- if and (eq $min 0) $cluster.protected -}}
{{- $found = append $found (list "min" (printf "0 on a protected cluster: the first user after a pause would wait %d s for an answer" (int .startupSeconds)) "set min to 1 or more") -}}
{{- end -}}
{{- if and (eq $min 0) (not $keda) -}}
{{- $found = append $found (list "min" "0, which a HorizontalPodAutoscaler refuses" "set min to 1 or more, or via to keda") -}}
{{- end -}}
{{- if and (eq $min 0) $keda (not $wake.query) -}}
{{- $found = append $found (list "wake.query" "empty with min 0: engines that do not run count no requests, so nothing would ever start one" "write a query that answers without them, such as requests at the gateway, or set min to 1") -}}
{{- end -}}
{{- if and (eq $min 0) (ne .target.kind "Deployment") -}}
{{- $found = append $found (list "min" (printf "0 for a %s: that none is wanted can be told from none answering for a Deployment only" .target.kind) "set min to 1 or more") -}}
{{- end -}}
{{- if and (gt $min 0) $wake.query -}}
{{- $found = append $found (list "wake.query" "is read with min 0 only" "remove it, or set min to 0") -}}
{{- end -}}
{{- if and $keda $cluster.name (not (has "autoscaling" ($cluster.features | default list))) -}}
{{- $found = append $found (list "via" "keda, but cluster.features does not say that this cluster has it" "add autoscaling to features in cluster.yaml, or set via to hpa") -}}
{{- end -}}
{{- if and $keda (not (.server | default (include "common.prometheus" (dict "ctx" .ctx)))) -}}
{{- $found = append $found (list "server" "empty on plain Kubernetes, where nobody knows the address of Prometheus" "set cluster.prometheus in cluster.yaml") -}}
{{- end -}}
{{- range $metric := list "inFlight" "kvCache" -}}
{{- if and (not $keda) (index $ $metric) (not (index ($.metrics | default dict) $metric)) -}}
{{- $found = append $found (list (printf "metrics.%s" $metric) "empty with via: hpa, which can only ask for a metric by name" "write its name in external.metrics.k8s.io, or set via to keda") -}}
{{- end -}}
{{- end -}}
{{- $problems := list -}}
{{- range $found -}}
{{- $problems = append $problems (dict "key" (printf "%s.%s" $key (index . 0)) "reason" (index . 1) "remedy" (index . 2)) -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}
