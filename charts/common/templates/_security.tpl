{{/*
common.podSecurityContext: the pod half of Pod Security "restricted". No runAsUser: OpenShift's restricted-v2 SCC
gives each namespace its own range and refuses any other. A group for volumes is likewise the SCC's business there;
on plain Kubernetes nobody sets one, so a chart that writes to a PVC passes fsGroup, which is rendered there only.
Takes: {ctx, fsGroup (int, optional)}.
*/}}
{{- define "common.podSecurityContext" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- if and .fsGroup (eq ((.ctx.Values.cluster | default dict).platform | default "openshift") "kubernetes") }}
fsGroup: {{ .fsGroup }}
fsGroupChangePolicy: OnRootMismatch
{{- end }}
{{- end -}}

{{/*
common.containerSecurityContext: the container half. The root file system is read-only; what must be written goes
to common.writableHome or to a volume of the chart, where it can be seen. writableRoot is for containers with an NVIDIA
GPU: the nvidia-cdi-hook writes into the root file system (kserve v0.20.0, config/llmisvcconfig/config-llm-template.yaml).
Takes: {writableRoot (default false)}, or the root context.
*/}}
{{- define "common.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: {{ not .writableRoot }}
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/*
common.writableHome.env / .volumes / .volumeMounts: a home for a process with an unknown UID. Such a process has
HOME=/ and cannot write there, and Python, Hugging Face and vLLM all write caches at start (openshift/oc #474).
Takes: {size (default 1Gi, of HOME), tmpSize (default 1Gi)}; .env and .volumeMounts ignore what they are passed.
*/}}
{{- define "common.writableHome.env" -}}
- name: HOME
  value: /home/leanrag
- name: HF_HOME
  value: /home/leanrag/.cache/huggingface
- name: XDG_CACHE_HOME
  value: /home/leanrag/.cache
{{- end -}}

{{- define "common.writableHome.volumes" -}}
- name: home
  emptyDir:
    sizeLimit: {{ .size | default "1Gi" }}
- name: tmp
  emptyDir:
    sizeLimit: {{ .tmpSize | default "1Gi" }}
{{- end -}}

{{- define "common.writableHome.volumeMounts" -}}
- name: home
  mountPath: /home/leanrag
- name: tmp
  mountPath: /tmp
{{- end -}}

{{/*
common.serviceAccount: one account a workload, without a token unless the workload calls the API server: a token
that is not mounted cannot be stolen.
Takes: {ctx, name, component, automount (default false), annotations}.
*/}}
{{- define "common.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
{{ include "common.metadata" . }}
automountServiceAccountToken: {{ .automount | default false }}
{{- end -}}
