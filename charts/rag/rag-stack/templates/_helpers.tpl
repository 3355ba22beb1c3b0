{{/* The Service: ours, or the one that both operators make for their custom resource. */}}
{{- define "rag-stack.service" -}}
{{- include "common.name" . }}{{ if eq .Values.runtime "operator" }}-service{{ end }}
{{- end -}}

{{- define "rag-stack.url" -}}
http://{{ include "rag-stack.service" . }}.{{ .Release.Namespace }}.svc.cluster.local:8321
{{- end -}}

{{/* Labels of the pods: the operators give their own (llama-stack-k8s-operator v0.9.0, ogx-k8s-operator v0.14.0: controllers/manifests/base). */}}
{{- define "rag-stack.selectorLabels" -}}
{{- if eq .Values.runtime "operator" -}}
app: {{ ternary "ogx" "llama-stack" (eq .Values.api "ogx") }}
app.kubernetes.io/instance: {{ include "common.name" . }}
{{- else -}}
{{- include "common.selectorLabels" (dict "ctx" .) }}
{{- end -}}
{{- end -}}

{{- define "rag-stack.image" -}}
{{- $ogx := eq .Values.api "ogx" -}}
{{- $image := dict "digest" .Values.image.digest -}}
{{- $_ := set $image "repository" (.Values.image.repository | default (ternary "ogx" "llama-stack" $ogx)) -}}
{{- $_ := set $image "tag" (.Values.image.tag | default (ternary "1.5.0" "0.7.3" $ogx)) -}}
{{- include "common.image" (dict "ctx" . "image" $image) -}}
{{- end -}}

{{/* Where each runtime mounts the configuration; the operators leave no choice. */}}
{{- define "rag-stack.configPath" -}}
{{- if eq .Values.runtime "deployment" -}}
/etc/rag-stack/config.yaml
{{- else if eq .Values.api "ogx" -}}
/etc/ogx/config.yaml
{{- else -}}
/etc/llama-stack/config.yaml
{{- end -}}
{{- end -}}

{{- define "rag-stack.command" -}}
{{- $by := ternary "opentelemetry-instrument, " "" .Values.telemetry.traces.enabled -}}
{{- if eq .Values.api "ogx" -}}
# --insecure: without it OGX 1.5.0 wants TLS files. Traffic stays inside the cluster and behind the network policy.
[{{ $by }}ogx, run, {{ include "rag-stack.configPath" . }}, --port, "8321", --insecure]
{{- else -}}
[{{ $by }}llama, stack, run, {{ include "rag-stack.configPath" . }}, --port, "8321"]
{{- end -}}
{{- end -}}

{{/* CA files: of the engines, and of the Kubernetes API without mounting a token (kube-root-ca.crt is in every namespace). */}}
{{- define "rag-stack.caVolumes" -}}
{{- if .Values.trustedCA.configMap }}
- name: trusted-ca
  configMap:
    name: {{ .Values.trustedCA.configMap }}
{{- end }}
{{- if eq .Values.auth.mode "kubernetes" }}
- name: kubernetes-ca
  configMap:
    name: kube-root-ca.crt
{{- end }}
{{- end -}}

{{- define "rag-stack.caVolumeMounts" -}}
{{- if .Values.trustedCA.configMap }}
- name: trusted-ca
  mountPath: /etc/rag-stack-ca/trusted
  readOnly: true
{{- end }}
{{- if eq .Values.auth.mode "kubernetes" }}
- name: kubernetes-ca
  mountPath: /etc/rag-stack-ca/kubernetes
  readOnly: true
{{- end }}
{{- end -}}

{{/* What is asked of one engine, as JSON. */}}
{{- define "rag-stack.need" -}}
{{- $need := dict "model" .model.name "url" (include "rag-stack.engineUrl" .) "auth" (ne .model.auth.secretName "") -}}
{{- with .model.maxTokens -}}{{- $_ := set $need "answerTokens" (int .) -}}{{- end -}}
{{- with .model.contextLength -}}{{- $_ := set $need "inputTokens" (int .) -}}{{- end -}}
{{- toJson $need -}}
{{- end -}}
