{{/*
model.profiles: what a profile decides, for an engine on a GPU. A figure that an overlay writes into `capacity` wins.
  batch    requests in one batch, as a share of the ridge batch: up to there a step waits for the weights to be read, so one more
           request costs nothing; beyond it the arithmetic is full, and one more makes all others slower.
  tokens   tokens in one step, as a share of what vLLM takes for a GPU of that memory. A step that prefills makes every answer under way
           wait for it.
  memory   share of the GPU's memory; the rest is for CUDA graphs and fragments.
*/}}
{{- define "model.profiles" -}}
# Half of the ridge: room for the load to double before it is felt.
balanced: {batch: 0.5, tokens: 1, memory: 0.9, performanceMode: balanced}
# Small steps; a long prompt is cut, so that no answer stops while it is read.
latency: {batch: 0.125, tokens: 0.5, memory: 0.9, chunkedPrefill: "on", performanceMode: interactivity}
# The whole ridge, and steps that fill the GPU: nobody waits for a single answer. More memory means more KV cache.
throughput: {batch: 1, tokens: 2, memory: 0.92, performanceMode: throughput}
# Long prompts with the same beginning and short answers: what was read once is kept, the rest is read in large steps, and the KV
# cache is for few requests with many tokens each.
rag: {batch: 0.25, tokens: 2, memory: 0.9, prefixCaching: "on", performanceMode: balanced}
# Few requests that fill the cache; 8 bit hold twice the tokens, on a GPU that computes with them.
long-context: {batch: 0.0625, tokens: 1, memory: 0.92, chunkedPrefill: "on", kvCacheDtype: fp8, performanceMode: balanced}
{{- end -}}

{{/*
model.architecture: the numbers of model.architecture (charts/common/values.yaml); empty when it names none.
*/}}
{{- define "model.architecture" -}}
{{- with index ((.Values.common | default dict).architectures | default dict) (.Values.model.architecture | default "-") -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}

{{/*
model.bytes: bytes of one weight of a linear layer. int4 has a scale of 16 bit for every 128 weights.
*/}}
{{- define "model.bytes" -}}
{{- index (dict "none" 2.0 "fp8" 1.0 "int8" 1.0 "int4" 0.515625) .Values.model.quantization -}}
{{- end -}}

{{/*
model.sizeGiB: weights in GiB: as written, else linear layers in their precision and all others (embeddings, head) in 16 bit.
model.storedGiB: the same on disk, which is more when the engine quantises what it loads.
*/}}
{{- define "model.sizeGiB" -}}
{{- include "model.weights" (dict "ctx" . "bytes" (include "model.bytes" .)) -}}
{{- end -}}

{{- define "model.storedGiB" -}}
{{- include "model.weights" (dict "ctx" . "bytes" (ternary "2" (include "model.bytes" .) .Values.model.quantizeOnLoad)) -}}
{{- end -}}

{{- define "model.weights" -}}
{{- $architecture := include "model.architecture" .ctx | fromYaml -}}
{{- if gt (float64 .ctx.Values.model.sizeGiB) 0.0 -}}
{{- .ctx.Values.model.sizeGiB -}}
{{- else if $architecture -}}
{{- $linear := float64 $architecture.linearB -}}
{{- $billions := addf (mulf $linear (float64 .bytes)) (mulf 2.0 (subf (float64 $architecture.parametersB) $linear)) -}}
{{- round (divf (mulf $billions 1e9) 1073741824.0) 1 -}}
{{- else -}}0
{{- end -}}
{{- end -}}

{{/*
model.ridge: the batch from which the GPU waits for its arithmetic and no longer for its memory: bytes of a weight x FLOPS / (2 x
bandwidth). 256, vLLM's own batch, for a GPU whose speed nobody knows. Takes: {ctx, facts (of the product, charts/common/values.yaml)}.
*/}}
{{- define "model.ridge" -}}
{{- if and .facts.bandwidthGBs .facts.tflops -}}
{{- $eight := and (has .ctx.Values.model.quantization (list "fp8" "int8")) (hasKey .facts.tflops "fp8") -}}
{{- $flops := ternary .facts.tflops.fp8 .facts.tflops.bf16 $eight | float64 -}}
{{- divf (mulf (include "model.bytes" .ctx | float64) $flops 1000.0) (mulf 2.0 (float64 .facts.bandwidthGBs)) -}}
{{- else -}}256
{{- end -}}
{{- end -}}

{{/*
model.step: tokens in one step, as the server of vLLM 0.32.0 takes them by the GPU's memory (engine/arg_utils.py). Takes: the pool.
*/}}
{{- define "model.step" -}}
{{- $large := and (ge .memoryGiB 70.0) (not (contains "A100" (.product | default ""))) -}}
{{- if ge .memoryGiB 160.0 -}}16384{{- else if $large -}}8192{{- else -}}2048{{- end -}}
{{- end -}}

{{/*
model.capacity: every figure of the engine once: what the overlay writes, else what follows from profile, GPU and model.
*/}}
{{- define "model.capacity" -}}
{{- $c := .Values.capacity -}}
{{- $gpu := include "model.gpu" . | fromYaml -}}
{{- $facts := index ((.Values.common | default dict).gpus | default dict) ($gpu.product | default "-" | trimSuffix "-SHARED") | default dict -}}
{{- $profile := index (include "model.profiles" . | fromYaml) .Values.profile -}}
{{- /* On CPU the profile has no say: the batch is what two cores bear, and vLLM knows the rest. */ -}}
{{- $sequences := 64 -}}
{{- $tokens := 0 -}}
{{- if $gpu -}}
{{- $ridge := include "model.ridge" (dict "ctx" . "facts" $facts) | float64 -}}
{{- $sequences = max 8 (mul 8 (divf (mulf $ridge (float64 $profile.batch)) 8.0 | floor | int)) -}}
{{- $tokens = mulf (include "model.step" $gpu | float64) (float64 $profile.tokens) | int -}}
{{- end -}}
{{- $p := $c.parallelism -}}
{{- $local := max 1 (int $p.dataLocal) (ternary (int $p.data) 1 (ne .Values.topology "multi-node")) -}}
{{- $tensor := int $p.tensor | default (max 1 (div (int $c.gpus) (mul $local (max 1 (int $p.pipeline))))) -}}
{{- $size := include "model.storedGiB" . | float64 -}}
{{- $many := eq .Values.topology "multi-node" -}}
{{- $shared := "" -}}
{{- if or $many (gt (max (int $c.gpus) (int .Values.prefill.gpus)) 1) -}}{{- $shared = $c.sharedMemory | default (ternary "8Gi" "2Gi" $many) -}}{{- end -}}
{{- $eightBitCache := and (eq ($profile.kvCacheDtype | default "") "fp8") $gpu (hasKey ($facts.tflops | default dict) "fp8") -}}
sizeGiB: {{ include "model.sizeGiB" . }}
maxNumSeqs: {{ int $c.maxNumSeqs | default $sequences }}
maxNumBatchedTokens: {{ int $c.maxNumBatchedTokens | default $tokens }}
gpuMemoryUtilization: {{ divf (float64 ($c.gpuMemoryUtilization | default $profile.memory)) ($gpu.timeSlices | default 1) }}
kvCacheDtype: {{ $c.kvCacheDtype | default (ternary "fp8" "auto" $eightBitCache) }}
prefixCaching: {{ ternary ($profile.prefixCaching | default "auto") $c.prefixCaching (eq $c.prefixCaching "auto") | quote }}
chunkedPrefill: {{ ternary ($profile.chunkedPrefill | default "auto") $c.chunkedPrefill (eq $c.chunkedPrefill "auto") | quote }}
performanceMode: {{ $c.performanceMode | default (ternary $profile.performanceMode "balanced" (not (not $gpu))) }}
sharedMemory: {{ $shared | quote }}
tensor: {{ $tensor }}
dataLocal: {{ $local }}
{{- if $gpu }}
cpu: {{ $c.cpu | default (printf "%d" (mul 2 (add 2 (int $c.gpus)))) | quote }}
memory: {{ $c.memory | default (printf "%dGi" (addf 8.0 (mulf 1.5 $size) (include "model.gib" ($shared | default "0Gi") | float64) (float64 $c.kvOffloadGiB) | ceil | int)) }}
{{- else }}
cpu: {{ $c.cpu | default "2" | quote }}
memory: {{ $c.memory | default (printf "%dGi" (addf 5.0 $size (float64 $c.cpuKvCacheGiB) | ceil | int)) }}
{{- end }}
{{- $stored := ternary $size 0.0 (has (include "model.scheme" .) (list "hf" "s3")) }}
ephemeralStorage: {{ $c.ephemeralStorage | default (printf "%dGi" (addf 5.0 (mulf 1.5 $stored) | ceil | int)) }}
{{- end -}}

{{/*
model.gib: a quantity of memory in GiB.
*/}}
{{- define "model.gib" -}}
{{- $unit := regexFind "[KMGT]i$" . -}}
{{- divf (trimSuffix $unit . | float64) (index (dict "Ki" 1048576.0 "Mi" 1024.0 "Gi" 1.0 "Ti" 0.0009765625) $unit) -}}
{{- end -}}

{{/*
model.startup: seconds allowed for starting; the rule is written at capacity.startupSeconds.
*/}}
{{- define "model.startup" -}}
{{- $given := int .Values.capacity.startupSeconds -}}
{{- $factor := ternary 40.0 20.0 (eq (include "model.downloads" .) "true") -}}
{{- if $given -}}{{ $given }}
{{- else if ne .Values.engine "vllm" -}}60
{{- else -}}{{ addf 180 (mulf $factor (include "model.storedGiB" . | float64)) | ceil | int }}
{{- end -}}
{{- end -}}
