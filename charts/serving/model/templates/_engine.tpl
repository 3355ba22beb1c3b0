{{/*
model.command: the program. Named, because the images differ in their entry points.
*/}}
{{- define "model.command" -}}
{{- if eq .Values.engine "sim" -}}
- /app/llm-d-inference-sim
{{- else if eq .Values.engine "standin" -}}
- python
- -m
- leanrag.rag.standin
{{- else -}}
- vllm
- serve
{{- end -}}
{{- end -}}

{{/*
model.args: the engine's arguments as a YAML list, one word each, so that a diff shows what changed.
Takes: {ctx, role (of a disaggregated engine: decode or prefill), gpus (of one pod; default capacity.gpus)}.
*/}}
{{- define "model.args" -}}
{{- $args := include (printf "model.args.%s" .ctx.Values.engine) . | fromYamlArray -}}
{{- range $name, $value := .ctx.Values.extraArgs -}}
{{- if kindIs "bool" $value -}}
{{- $args = append $args (printf "--%s%s" (ternary "" "no-" $value) $name) -}}
{{- else -}}
{{- $args = append $args (printf "--%s=%v" $name $value) -}}
{{- end -}}
{{- end -}}
{{- toYaml $args -}}
{{- end -}}

{{/*
model.args.vllm: what is served and where, then what every runtime has. With llm-d the release's own command says the first part:
path, name, port, TLS and ranks differ between its releases and topologies.
*/}}
{{- define "model.args.vllm" -}}
{{- $v := .ctx.Values -}}
{{- $args := list -}}
{{- if ne $v.runtime "llm-d" -}}
{{- $args = list (include "model.path" .ctx) (printf "--served-model-name=%s" $v.model.name) "--host=0.0.0.0" (printf "--port=%s" (include "model.port" .ctx)) -}}
{{- end -}}
{{- $args = concat $args (include "model.args.capacity" . | fromYamlArray) (include "model.args.model" . | fromYamlArray) -}}
{{- with include "model.buckets" .ctx -}}{{- $args = append $args (printf "--custom-histogram-buckets=%s" .) -}}{{- end -}}
{{- if $v.monitoring.traces.enabled -}}{{- $args = append $args (printf "--otlp-traces-endpoint=%s" (include "model.collector" .ctx)) -}}{{- end -}}
{{- toYaml $args -}}
{{- end -}}

{{/*
model.collector: where spans go.
*/}}
{{- define "model.collector" -}}
{{- .Values.monitoring.traces.endpoint | default (printf "http://tracing.%s.svc.cluster.local:4317" (include "common.namespace" (dict "ctx" . "layer" "observe"))) -}}
{{- end -}}

{{/*
model.args.capacity: what fits and how fast, from model.capacity.
*/}}
{{- define "model.args.capacity" -}}
{{- $v := .ctx.Values -}}
{{- $c := $v.capacity -}}
{{- $r := include "model.capacity" .ctx | fromYaml -}}
{{- $gpus := int (.gpus | default $c.gpus) -}}
{{- $chat := eq $v.task "chat" -}}
{{- $args := list (printf "--max-model-len=%d" (int $v.model.maxModelLen)) (printf "--max-num-seqs=%d" (int $r.maxNumSeqs)) (printf "--dtype=%s" $v.model.dtype) -}}
{{- $revision := include "model.reference" .ctx | splitList ":" -}}
{{- if and (include "model.downloads" .ctx) (gt (len $revision) 1) -}}
{{- $args = append $args (printf "--revision=%s" (last $revision)) -}}
{{- end -}}
{{- if gt $gpus 0 -}}
{{- $args = append $args (printf "--gpu-memory-utilization=%v" $r.gpuMemoryUtilization) -}}
{{- end -}}
{{- $tensor := ternary (int $r.tensor) $gpus (eq $gpus (int $c.gpus)) -}}
{{- if gt $tensor 1 -}}{{- $args = append $args (printf "--tensor-parallel-size=%d" $tensor) -}}{{- end -}}
{{- if gt (int $c.parallelism.pipeline) 1 -}}{{- $args = append $args (printf "--pipeline-parallel-size=%d" (int $c.parallelism.pipeline)) -}}{{- end -}}
{{- if ne $v.topology "multi-node" -}}
{{- if gt (int $c.parallelism.data) 1 -}}{{- $args = append $args (printf "--data-parallel-size=%d" (int $c.parallelism.data)) -}}{{- end -}}
{{- if $c.parallelism.expert -}}{{- $args = append $args "--enable-expert-parallel" -}}{{- end -}}
{{- end -}}
{{- if gt (int $r.maxNumBatchedTokens) 0 -}}
{{- $args = append $args (printf "--max-num-batched-tokens=%d" (int $r.maxNumBatchedTokens)) -}}
{{- end -}}
{{- if and $chat (ne $r.kvCacheDtype "auto") -}}{{- $args = append $args (printf "--kv-cache-dtype=%s" $r.kvCacheDtype) -}}{{- end -}}
{{- if gt (int $c.blockSize) 0 -}}{{- $args = append $args (printf "--block-size=%d" (int $c.blockSize)) -}}{{- end -}}
{{- if $chat -}}
{{- range $flag, $choice := dict "enable-prefix-caching" $r.prefixCaching "enable-chunked-prefill" $r.chunkedPrefill -}}
{{- if ne $choice "auto" -}}{{- $args = append $args (printf "--%s%s" (ternary "" "no-" (eq $choice "on")) $flag) -}}{{- end -}}
{{- end -}}
{{- /* What the profile only prefers is left out where the engine does not know it; what is written is refused (validate.yaml). */ -}}
{{- if and (ne $r.performanceMode "balanced") (or $c.performanceMode (include "model.knows" (dict "ctx" .ctx "since" "0.18.0"))) -}}
{{- $args = append $args (printf "--performance-mode=%s" $r.performanceMode) -}}
{{- end -}}
{{- end -}}
{{- if gt (float64 $c.kvOffloadGiB) 0.0 -}}
{{- $args = concat $args (list (printf "--kv-offloading-size=%v" $c.kvOffloadGiB) (printf "--kv-offloading-backend=%s" $c.kvOffloadBackend)) -}}
{{- end -}}
{{- with .role -}}
{{- $args = append $args (printf "--kv-transfer-config=%s" (dict "kv_connector" "NixlConnector" "kv_role" (ternary "kv_producer" "kv_consumer" (eq . "prefill")) | toJson)) -}}
{{- end -}}
{{- if $c.enforceEager -}}{{- $args = append $args "--enforce-eager" -}}{{- end -}}
{{- toYaml $args -}}
{{- end -}}

{{/*
model.args.model: what the model is and may do.
*/}}
{{- define "model.args.model" -}}
{{- $v := .ctx.Values -}}
{{- $m := $v.model -}}
{{- $args := list -}}
{{- if $m.quantizeOnLoad -}}{{- $args = append $args (printf "--quantization=%s" $m.quantization) -}}{{- end -}}
{{- if $m.toolCallParser -}}
{{- $args = concat $args (list "--enable-auto-tool-choice" (printf "--tool-call-parser=%s" $m.toolCallParser)) -}}
{{- end -}}
{{- if eq $v.task "embedding" -}}
{{- $args = append $args "--runner=pooling" -}}
{{- if $m.matryoshka -}}{{- $args = append $args `--hf-overrides={"is_matryoshka": true}` -}}{{- end -}}
{{- end -}}
{{- with include "model.speculative" .ctx -}}{{- $args = append $args (printf "--speculative-config=%s" .) -}}{{- end -}}
{{- /* With llm-d the controller fetches the adapters, and names them and their limits. */ -}}
{{- $adapters := include "model.adapters" .ctx | fromYaml -}}
{{- if and $adapters (ne $v.runtime "llm-d") -}}
{{- $args = concat $args (list "--enable-lora" (printf "--max-loras=%d" (int $v.lora.maxLoras)) (printf "--max-lora-rank=%d" (int $v.lora.maxRank)) "--lora-modules") -}}
{{- range $name, $_ := $adapters -}}{{- $args = append $args (printf "%s=/mnt/lora/%s" $name $name) -}}{{- end -}}
{{- end -}}
{{- toYaml $args -}}
{{- end -}}

{{/*
model.speculative: the JSON of --speculative-config (0.13.0 to 0.32.0, vllm/config/speculative.py); empty without a method.
*/}}
{{- define "model.speculative" -}}
{{- $s := .Values.speculative -}}
{{- if $s.method -}}
{{- $config := dict "method" $s.method "num_speculative_tokens" (int $s.tokens) -}}
{{- if eq $s.method "ngram" -}}
{{- $config = merge $config (dict "prompt_lookup_max" (int $s.lookup.max) "prompt_lookup_min" (int $s.lookup.min)) -}}
{{- else -}}
{{- $config = merge $config (dict "model" "/mnt/draft") -}}
{{- end -}}
{{- toJson $config -}}
{{- end -}}
{{- end -}}

{{/*
model.args.sim: llm-d-inference-sim 0.10.2. The dummy tokenizer, because any other asks a render service over the network.
*/}}
{{- define "model.args.sim" -}}
{{- $v := .ctx.Values -}}
{{- $s := $v.sim -}}
{{- $args := list (printf "--model=%s" $v.model.name) (printf "--served-model-name=%s" $v.model.name)
      (printf "--port=%s" (include "model.enginePort" .)) (printf "--max-model-len=%d" (int $v.model.maxModelLen))
      (printf "--max-num-seqs=%d" (int (include "model.capacity" .ctx | fromYaml).maxNumSeqs)) "--force-dummy-tokenizer" "--mode=random" (printf "--seed=%d" (int $s.seed))
      (printf "--time-to-first-token=%s" $s.ttft) (printf "--time-to-first-token-std-dev=%s" $s.ttftStdDev)
      (printf "--inter-token-latency=%s" $s.itl) (printf "--inter-token-latency-std-dev=%s" $s.itlStdDev) -}}
{{- if include "model.tls" .ctx -}}
{{- $args = concat $args (list "--ssl-certfile=/var/run/kserve/tls/tls.crt" "--ssl-keyfile=/var/run/kserve/tls/tls.key") -}}
{{- end -}}
{{- toYaml $args -}}
{{- end -}}

{{/*
model.args.standin: the weights come with the image.
*/}}
{{- define "model.args.standin" -}}
{{- list "--host=0.0.0.0" (printf "--port=%s" (include "model.port" .ctx)) "--models=/opt/minilm" | toYaml -}}
{{- end -}}

{{/*
model.quoted: arguments as one line for a shell. With llm-d the release's command reads it from VLLM_ADDITIONAL_ARGS and evaluates it.
*/}}
{{- define "model.quoted" -}}
{{- $words := list -}}
{{- range . -}}
{{- $words = append $words (ternary . (printf "'%s'" .) (regexMatch "^[A-Za-z0-9_./:=,@+-]+$" .)) -}}
{{- end -}}
{{- join " " $words -}}
{{- end -}}

{{/*
model.env: environment of the engine. Offline unless the engine itself downloads: even a local model makes transformers ask
the hub otherwise (transformers #42914). USER, because torch asks for the user's name and an assigned UID has none. The key has
vLLM's name for every engine: ours read the same.
Takes: what model.args takes.
*/}}
{{- define "model.env" -}}
{{- $v := .ctx.Values -}}
{{ include "common.writableHome.env" .ctx }}
- name: USER
  value: leanrag
{{- if eq $v.engine "vllm" }}
{{- if not (include "model.downloads" .ctx) }}
- name: HF_HUB_OFFLINE
  value: "1"
- name: TRANSFORMERS_OFFLINE
  value: "1"
{{- end }}
- name: VLLM_NO_USAGE_STATS
  value: "1"
- name: DO_NOT_TRACK
  value: "1"
{{- if $v.monitoring.traces.enabled }}
# The model is the service of its spans: a dashboard knows it by the same name.
- name: OTEL_SERVICE_NAME
  value: {{ $v.model.name | quote }}
# What vLLM takes by default, written down because the port depends on it.
- name: OTEL_EXPORTER_OTLP_TRACES_PROTOCOL
  value: grpc
- name: OTEL_EXPORTER_OTLP_TRACES_INSECURE
  value: "true"
{{- end }}
{{- if eq (int $v.capacity.gpus) 0 }}
- name: VLLM_CPU_KVCACHE_SPACE
  value: {{ $v.capacity.cpuKvCacheGiB | quote }}
{{- end }}
{{- if eq $v.runtime "llm-d" }}
- name: VLLM_ADDITIONAL_ARGS
  value: {{ include "model.quoted" (include "model.args" . | fromYamlArray) | quote }}
{{- end }}
{{- if .role }}
# Where the other side asks for the KV blocks.
- name: VLLM_NIXL_SIDE_CHANNEL_HOST
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
{{- end }}
{{- if $v.llmd.rdma.resource }}
- name: KSERVE_INFER_ROCE
  value: "true"
{{- end }}
{{- end }}
{{- if and $v.model.token.existingSecret (include "model.downloads" .ctx) }}
- name: HF_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ $v.model.token.existingSecret }}
      key: {{ $v.model.token.secretKey }}
{{- end }}
{{- if and $v.auth.enabled (eq $v.runtime "deployment") }}
- name: VLLM_API_KEY
  valueFrom:
    secretKeyRef:
      name: {{ $v.auth.existingSecret }}
      key: {{ $v.auth.secretKey }}
{{- end }}
{{- end -}}
