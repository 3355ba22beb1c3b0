{{/*
What cannot work, by subject; each helper returns a list of problems for common.validate.report. Takes: the root context.
*/}}

{{/*
model.refused.engine: arguments that the engine in the image does not know, and such that exclude each other. Versions are those in
which an argument was read (vllm/engine/arg_utils.py, vllm/config/*.py of 0.9.2, 0.13.0, 0.18.0 and 0.32.0).
*/}}
{{- define "model.refused.engine" -}}
{{- $v := .Values -}}
{{- $c := $v.capacity -}}
{{- $r := include "model.capacity" . | fromYaml -}}
{{- $problems := list -}}
{{- $late := list
      (list $c.performanceMode "capacity.performanceMode" "--performance-mode" "0.18.0")
      (list (gt (float64 $c.kvOffloadGiB) 0.0) "capacity.kvOffloadGiB" "--kv-offloading-size" "0.13.0")
      (list (eq $v.speculative.method "draft_model") "speculative.method" "draft_model" "0.18.0")
      (list (eq $c.kvCacheDtype "float16") "capacity.kvCacheDtype" "float16" "0.18.0")
      (list (regexMatch "^(nvfp4|turboquant|ultraquant|.*_per_token_head)" $c.kvCacheDtype) "capacity.kvCacheDtype" $c.kvCacheDtype "0.32.0")
      (list (and (gt (int $c.gpus) 0) (gt (int $c.blockSize) 32)) "capacity.blockSize" "a block of more than 32 tokens on a GPU" "0.18.0")
      (list (eq $v.monitoring.sloBuckets "always") "monitoring.sloBuckets" "--custom-histogram-buckets" "0.32.0") -}}
{{- $version := include "model.engineVersion" . -}}
{{- range $late -}}
{{- if and (index . 0) (not (include "model.knows" (dict "ctx" $ "since" (index . 3)))) -}}
{{- $reason := ternary (printf "vLLM %s does not know %s; %s does" $version (index . 2) (index . 3)) (printf "nobody knows whether the vLLM in this image has %s" (index . 2)) (ne $version "") -}}
{{- $problems = append $problems (dict "key" (index . 1) "reason" $reason "remedy" "remove it, name a newer image, or set engineVersion") -}}
{{- end -}}
{{- end -}}
{{- /* Packages, not an argument: upstream's images have them since vllm #34466 of February 2026, and 0.13 came before. */ -}}
{{- if and $v.monitoring.traces.enabled $version (not (include "model.knows" (dict "ctx" $ "since" "0.14.0"))) -}}
{{- $problems = append $problems (dict "key" "monitoring.traces.enabled" "reason" (printf "images of vLLM %s lack OpenTelemetry's packages, and it would not start" $version) "remedy" "name a newer image, or set it to false") -}}
{{- end -}}
{{- if and $v.monitoring.traces.enabled (ne $v.engine "vllm") -}}
{{- $problems = append $problems (dict "key" "monitoring.traces.enabled" "reason" (printf "%s makes no spans" $v.engine) "remedy" "set it to false") -}}
{{- end -}}
{{- if and $v.monitoring.traces.enabled (hasKey $v.extraArgs "otlp-traces-endpoint") -}}
{{- $problems = append $problems (dict "key" "extraArgs.otlp-traces-endpoint" "reason" "monitoring.traces sets that argument" "remedy" "use monitoring.traces.endpoint") -}}
{{- end -}}
{{- if and (eq $v.task "chat") (eq $r.chunkedPrefill "off") (gt (int $r.maxNumBatchedTokens) 0) (lt (int $r.maxNumBatchedTokens) (int $v.model.maxModelLen)) -}}
{{- $problems = append $problems (dict "key" "capacity.chunkedPrefill" "reason" (printf "off, but a prompt of up to %d tokens must then fit into one step of %d" (int $v.model.maxModelLen) (int $r.maxNumBatchedTokens))
      "remedy" "raise maxNumBatchedTokens, or lower model.maxModelLen") -}}
{{- end -}}
{{- if and (gt (int $r.maxNumBatchedTokens) 0) (lt (int $r.maxNumBatchedTokens) (int $r.maxNumSeqs)) -}}
{{- $problems = append $problems (dict "key" "capacity.maxNumBatchedTokens" "reason" (printf "%d tokens in a step, fewer than the %d requests that each need one" (int $r.maxNumBatchedTokens) (int $r.maxNumSeqs))
      "remedy" "raise it, or lower maxNumSeqs") -}}
{{- end -}}
{{- $given := printf "%s" $c.memory -}}
{{- $inside := addf (include "model.gib" ($r.sharedMemory | default "0Gi") | float64) (float64 $c.kvOffloadGiB) -}}
{{- if and $given (gt $inside 0.0) (ge $inside (include "model.gib" $given | float64)) -}}
{{- $problems = append $problems (dict "key" "capacity.memory" "reason" (printf "sharedMemory and kvOffloadGiB, %v GiB, are part of it and fill it" $inside) "remedy" "raise it, or leave it empty") -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}

{{/*
model.refused.model: what contradicts the model itself, and what is put beside it.
*/}}
{{- define "model.refused.model" -}}
{{- $v := .Values -}}
{{- $m := $v.model -}}
{{- $s := $v.speculative -}}
{{- $architecture := include "model.architecture" . | fromYaml -}}
{{- $problems := list -}}
{{- if and $m.architecture (not $architecture) -}}
{{- $known := keys ((.Values.common | default dict).architectures | default dict) | sortAlpha | join ", " -}}
{{- $problems = append $problems (dict "key" "model.architecture" "reason" (printf "%q is not in charts/common/values.yaml (%s)" $m.architecture $known) "remedy" "name one of them, add it there, or write model.sizeGiB") -}}
{{- end -}}
{{- if and $architecture (gt (int $m.maxModelLen) (int $architecture.maxModelLen)) -}}
{{- $problems = append $problems (dict "key" "model.maxModelLen" "reason" (printf "%d, but %s was made for %d tokens" (int $m.maxModelLen) $m.architecture (int $architecture.maxModelLen)) "remedy" "lower it") -}}
{{- end -}}
{{- if and $m.quantizeOnLoad (ne $m.quantization "fp8") -}}
{{- $problems = append $problems (dict "key" "model.quantizeOnLoad" "reason" (printf "%s needs a checkpoint made so: vLLM itself makes fp8 only" $m.quantization) "remedy" "set it to false and name such a checkpoint, or quantization to fp8") -}}
{{- end -}}
{{- if and $s.method (eq $v.task "embedding") -}}
{{- $problems = append $problems (dict "key" "speculative.method" "reason" "an embedding has no next token to guess" "remedy" "remove it") -}}
{{- end -}}
{{- if and (eq $s.method "ngram") $s.source -}}
{{- $problems = append $problems (dict "key" "speculative.source" "reason" "ngram guesses from the prompt and loads nothing" "remedy" "remove it, or choose another method") -}}
{{- end -}}
{{- if and $s.method (ne $s.method "ngram") (not $s.source) -}}
{{- $problems = append $problems (dict "key" "speculative.source" "reason" (printf "empty, but %s guesses with weights of its own" $s.method) "remedy" "write pvc://claim/path, or set method to ngram") -}}
{{- end -}}
{{- if and (eq $s.method "ngram") (gt (int $s.lookup.min) (int $s.lookup.max)) -}}
{{- $problems = append $problems (dict "key" "speculative.lookup.min" "reason" "more than lookup.max" "remedy" "lower it") -}}
{{- end -}}
{{- with include "model.adapters" . | fromYaml -}}
{{- if and (eq $v.runtime "llm-d") ($.Values.cluster | default dict).openshiftAI (not (include "common.rhoai" (dict "ctx" $ "since" "3.5"))) -}}
{{- $problems = append $problems (dict "key" "lora.adapters" "reason" (printf "the controller of OpenShift AI %v fetches no adapters; that came with 3.5" $.Values.cluster.openshiftAI) "remedy" "set runtime to kserve or deployment") -}}
{{- end -}}
{{- range $name, $source := . -}}
{{- if and (ne $v.runtime "llm-d") (not (hasPrefix "pvc://" $source)) -}}
{{- $problems = append $problems (dict "key" (printf "lora.adapters.%s" $name) "reason" "only llm-d fetches adapters" "remedy" "put it on a volume and write pvc://claim/path") -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}

{{/*
model.refused.spread: GPUs, nodes and roles of one engine.
*/}}
{{- define "model.refused.spread" -}}
{{- $v := .Values -}}
{{- $c := $v.capacity -}}
{{- $p := $c.parallelism -}}
{{- $r := include "model.capacity" . | fromYaml -}}
{{- $gpus := int $c.gpus -}}
{{- $nodes := eq $v.topology "multi-node" -}}
{{- $problems := list -}}
{{- $product := mul (int $r.tensor) (int $p.pipeline) (int $r.dataLocal) -}}
{{- if and (gt $gpus 0) (ne $gpus (int $product)) -}}
{{- $problems = append $problems (dict "key" "capacity.parallelism" "reason" (printf "tensor %d x pipeline %d x data %d of a pod are %d GPUs, but capacity.gpus is %d" (int $r.tensor) (int $p.pipeline) (int $r.dataLocal) $product $gpus)
      "remedy" "make them equal, or leave tensor 0") -}}
{{- end -}}
{{- if and (eq $gpus 0) (or (gt (int $p.tensor) 1) (gt (int $p.pipeline) 1) (gt (int $p.data) 1)) -}}
{{- $problems = append $problems (dict "key" "capacity.parallelism" "reason" "there is no GPU to spread over" "remedy" "set capacity.gpus, or remove it") -}}
{{- end -}}
{{- with include "model.architecture" . | fromYaml -}}
{{- if ne (mod (int .heads) (int $r.tensor)) 0 -}}
{{- $problems = append $problems (dict "key" "capacity.parallelism.tensor" "reason" (printf "the %d attention heads of %s cannot be shared among %d GPUs" (int .heads) $v.model.architecture (int $r.tensor)) "remedy" "choose a divisor of the heads") -}}
{{- end -}}
{{- end -}}
{{- if and (ne $v.topology "single") (ne $v.runtime "llm-d") -}}
{{- $problems = append $problems (dict "key" "topology" "reason" (printf "%s is what llm-d does; %s runs whole engines" $v.topology $v.runtime) "remedy" "set runtime to llm-d, or topology to single") -}}
{{- end -}}
{{- if eq $v.topology "disaggregated" -}}
{{- if eq $v.task "embedding" -}}
{{- $problems = append $problems (dict "key" "topology" "reason" "an embedding is read and never written, so there is nothing to disaggregate" "remedy" "set it to single") -}}
{{- end -}}
{{- if gt (float64 $c.kvOffloadGiB) 0.0 -}}
{{- $problems = append $problems (dict "key" "capacity.kvOffloadGiB" "reason" "an engine has one KV connector, and a disaggregated one hands its cache over with it" "remedy" "set it to 0, or topology to single") -}}
{{- end -}}
{{- end -}}
{{- if $nodes -}}
{{- if not (has "multi-node" ((.Values.cluster | default dict).features | default list)) -}}
{{- $problems = append $problems (dict "key" "topology" "reason" "several nodes are held together by LeaderWorkerSet, which cluster.features does not name" "remedy" "add multi-node to features in cluster.yaml, or set topology to single") -}}
{{- end -}}
{{- if gt (int $p.pipeline) 1 -}}
{{- $problems = append $problems (dict "key" "capacity.parallelism.pipeline" "reason" "no release has a configuration of several nodes for pipelines, only for data parallelism" "remedy" "set it to 1, and data to the copies") -}}
{{- end -}}
{{- if or (eq $gpus 0) (le (int $p.data) (int $r.dataLocal)) (ne (mod (int $p.data) (int $r.dataLocal)) 0) -}}
{{- $problems = append $problems (dict "key" "capacity.parallelism.data" "reason" (printf "%d copies with %d in a pod do not fill several nodes of GPUs" (int $p.data) (int $r.dataLocal)) "remedy" "set data to a multiple of dataLocal, at least twice it") -}}
{{- end -}}
{{- else if gt (int $p.dataLocal) 0 -}}
{{- $problems = append $problems (dict "key" "capacity.parallelism.dataLocal" "reason" "is for several nodes" "remedy" "remove it, or set topology to multi-node") -}}
{{- end -}}
{{- if and (or $v.llmd.rdma.resource $v.llmd.rdma.network) (ne $v.runtime "llm-d") -}}
{{- $problems = append $problems (dict "key" "llmd.rdma" "reason" (printf "%s moves no KV cache between nodes" $v.runtime) "remedy" "remove it") -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}

{{/*
model.refused.traffic: autoscaling, and a share of the traffic for a new model.
*/}}
{{- define "model.refused.traffic" -}}
{{- $v := .Values -}}
{{- $release := (.Values.cluster | default dict).openshiftAI -}}
{{- $problems := list -}}
{{- if $v.capacity.autoscaling.enabled -}}
{{- $problems = include "common.scaledObject.problems" (merge (dict "ctx" .) (include "model.scaling" . | fromYaml)) | fromYamlArray -}}
{{- if ne $v.topology "single" -}}
{{- $problems = append $problems (dict "key" "capacity.autoscaling.enabled" "reason" (printf "a %s engine is no Deployment of equal pods" $v.topology) "remedy" "set it to false, or topology to single") -}}
{{- end -}}
{{- if and (eq $v.runtime "llm-d") $release (not (include "common.rhoai" (dict "ctx" . "since" "3.4"))) -}}
{{- $problems = append $problems (dict "key" "capacity.autoscaling.enabled" "reason" (printf "the controller of OpenShift AI %v resets the replicas of an LLMInferenceService; it leaves them alone from 3.4" $release) "remedy" "set runtime to kserve, or it to false") -}}
{{- end -}}
{{- end -}}
{{- if $v.canary.group -}}
{{- $reason := "" -}}
{{- if eq $v.runtime "deployment" -}}
{{- $reason = "a Service splits no traffic" -}}
{{- else if eq $v.runtime "kserve" -}}
{{- $reason = "KServe splits traffic in its Knative mode only: without it canaryTrafficPercent is not read, and spec.canary starts pods to which no route leads (kserve v0.20.0)" -}}
{{- else if and $release (not (include "common.rhoai" (dict "ctx" . "since" "3.5"))) -}}
{{- $reason = printf "router.route of OpenShift AI %v has no group; it came with 3.5" $release -}}
{{- end -}}
{{- if $reason -}}
{{- $problems = append $problems (dict "key" "canary.group" "reason" $reason "remedy" "serve both models, and split them in a weighted HTTPRoute of platform/gateway, or by runtime llm-d from 3.5") -}}
{{- end -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}
