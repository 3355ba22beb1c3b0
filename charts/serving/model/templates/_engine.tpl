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
*/}}
{{- define "model.args" -}}
{{- $args := include (printf "model.args.%s" .Values.engine) . | fromYamlArray -}}
{{- if eq .Values.runtime "llm-d" -}}
{{- /* The controller's probes, gateway and endpoint picker speak TLS with the certificate it mounts here. */ -}}
{{- $args = concat $args (list "--ssl-certfile=/var/run/kserve/tls/tls.crt" "--ssl-keyfile=/var/run/kserve/tls/tls.key") -}}
{{- end -}}
{{- range $name, $value := .Values.extraArgs -}}
{{- if kindIs "bool" $value -}}
{{- $args = append $args (printf "--%s%s" (ternary "" "no-" $value) $name) -}}
{{- else -}}
{{- $args = append $args (printf "--%s=%v" $name $value) -}}
{{- end -}}
{{- end -}}
{{- toYaml $args -}}
{{- end -}}

{{/*
model.args.vllm: checked against the argument parser of vLLM 0.32.0 (vllm/engine/arg_utils.py, entrypoints/launchers/cli_args.py).
*/}}
{{- define "model.args.vllm" -}}
{{- $m := .Values.model -}}
{{- $c := .Values.capacity -}}
{{- $args := list (include "model.path" .)
      (printf "--served-model-name=%s" $m.name) "--host=0.0.0.0" (printf "--port=%s" (include "model.port" .))
      (printf "--max-model-len=%d" (int $m.maxModelLen)) (printf "--max-num-seqs=%d" (int $c.maxNumSeqs)) (printf "--dtype=%s" $m.dtype) -}}
{{- $revision := include "model.reference" . | splitList ":" -}}
{{- if and (include "model.downloads" .) (gt (len $revision) 1) -}}
{{- $args = append $args (printf "--revision=%s" (last $revision)) -}}
{{- end -}}
{{- if gt (int $c.gpus) 0 -}}
{{- $args = append $args (printf "--gpu-memory-utilization=%s" (include "model.utilization" .)) -}}
{{- end -}}
{{- if gt (int $c.gpus) 1 -}}
{{- $args = append $args (printf "--tensor-parallel-size=%d" (int $c.gpus)) -}}
{{- end -}}
{{- if gt (int $c.maxNumBatchedTokens) 0 -}}
{{- $args = append $args (printf "--max-num-batched-tokens=%d" (int $c.maxNumBatchedTokens)) -}}
{{- end -}}
{{- if ne $c.kvCacheDtype "auto" -}}
{{- $args = append $args (printf "--kv-cache-dtype=%s" $c.kvCacheDtype) -}}
{{- end -}}
{{- if $c.enforceEager -}}{{- $args = append $args "--enforce-eager" -}}{{- end -}}
{{- if $m.toolCallParser -}}
{{- $args = concat $args (list "--enable-auto-tool-choice" (printf "--tool-call-parser=%s" $m.toolCallParser)) -}}
{{- end -}}
{{- if eq .Values.task "embedding" -}}
{{- $args = append $args "--runner=pooling" -}}
{{- if $m.matryoshka -}}{{- $args = append $args `--hf-overrides={"is_matryoshka": true}` -}}{{- end -}}
{{- end -}}
{{- with include "model.buckets" . -}}{{- $args = append $args (printf "--custom-histogram-buckets=%s" .) -}}{{- end -}}
{{- toYaml $args -}}
{{- end -}}

{{/*
model.args.sim: llm-d-inference-sim 0.10.2. The dummy tokenizer, because any other asks a render service over the network.
*/}}
{{- define "model.args.sim" -}}
{{- $s := .Values.sim -}}
{{- list (printf "--model=%s" .Values.model.name) (printf "--served-model-name=%s" .Values.model.name)
      (printf "--port=%s" (include "model.port" .)) (printf "--max-model-len=%d" (int .Values.model.maxModelLen))
      (printf "--max-num-seqs=%d" (int .Values.capacity.maxNumSeqs)) "--force-dummy-tokenizer" "--mode=random" (printf "--seed=%d" (int $s.seed))
      (printf "--time-to-first-token=%s" $s.ttft) (printf "--time-to-first-token-std-dev=%s" $s.ttftStdDev)
      (printf "--inter-token-latency=%s" $s.itl) (printf "--inter-token-latency-std-dev=%s" $s.itlStdDev) | toYaml -}}
{{- end -}}

{{/*
model.args.standin: the weights come with the image.
*/}}
{{- define "model.args.standin" -}}
{{- list "--host=0.0.0.0" (printf "--port=%s" (include "model.port" .)) "--models=/opt/minilm" | toYaml -}}
{{- end -}}

{{/*
model.env: environment of the engine. Offline unless the engine itself downloads: even a local model makes transformers ask
the hub otherwise (transformers #42914). USER, because torch asks for the user's name and an assigned UID has none. The key has
vLLM's name for every engine: ours read the same.
*/}}
{{- define "model.env" -}}
{{ include "common.writableHome.env" . }}
- name: USER
  value: leanrag
{{- if eq .Values.engine "vllm" }}
{{- if not (include "model.downloads" .) }}
- name: HF_HUB_OFFLINE
  value: "1"
- name: TRANSFORMERS_OFFLINE
  value: "1"
{{- end }}
- name: VLLM_NO_USAGE_STATS
  value: "1"
- name: DO_NOT_TRACK
  value: "1"
{{- if eq (int .Values.capacity.gpus) 0 }}
- name: VLLM_CPU_KVCACHE_SPACE
  value: {{ .Values.capacity.cpuKvCacheGiB | quote }}
{{- end }}
{{- end }}
{{- if and .Values.model.token.existingSecret (include "model.downloads" .) }}
- name: HF_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ .Values.model.token.existingSecret }}
      key: {{ .Values.model.token.secretKey }}
{{- end }}
{{- if and .Values.auth.enabled (eq .Values.runtime "deployment") }}
- name: VLLM_API_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .Values.auth.existingSecret }}
      key: {{ .Values.auth.secretKey }}
{{- end }}
{{- end -}}
