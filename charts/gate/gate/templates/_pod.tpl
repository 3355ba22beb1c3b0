{{/*
gate.mode: full, smoke or observe. It is a fact of the cluster (may it be loaded?), so no value of this chart.
Takes: the root context.
*/}}
{{- define "gate.mode" -}}
{{- (.Values.cluster.gate | default dict).mode | default "full" -}}
{{- end -}}

{{/*
gate.image: the load generator only where load may be sent; elsewhere the smaller image, with less in it to attack.
Takes: the root context.
*/}}
{{- define "gate.image" -}}
{{- if eq (include "gate.mode" .) "smoke" -}}
{{- include "common.image" (dict "ctx" . "image" .Values.images.gate "key" "images.gate") -}}
{{- else -}}
{{- include "common.image" (dict "ctx" . "image" .Values.images.loadgen "key" "images.loadgen") -}}
{{- end -}}
{{- end -}}

{{/*
gate.jobSpec: the spec of a Job. The hook, the nightly and manual runs share it, so that all measure the same thing.
backoffLimit 0, because a retry is a hidden re-roll. No ttl: a Job that vanishes is one that nobody can read.
Takes: {ctx, args (gate.runArgs|gate.comparisonArgs), trigger (postsync|nightly; of gate.runArgs)}.
*/}}
{{- define "gate.jobSpec" -}}
{{- $ := .ctx -}}
backoffLimit: 0
# Above the gate's own deadline, so that the gate itself ends the run and says why.
activeDeadlineSeconds: {{ mul 60 (add 5 (int (.minutes | default $.Values.deadlines.wholeMinutes))) }}
template:
  metadata:
    labels: {{- include "common.podLabels" (dict "ctx" $) | nindent 6 }}
  spec:
    {{- include "gate.podSpec" . | nindent 4 }}
{{- end -}}

{{/*
gate.podSpec: the pod. Takes: {ctx, args (the define that gives them), trigger (of gate.runArgs)}.
*/}}
{{- define "gate.podSpec" -}}
{{- $ := .ctx -}}
{{- $v := $.Values -}}
restartPolicy: Never
terminationGracePeriodSeconds: {{ $v.deadlines.graceSeconds }}
serviceAccountName: {{ include "common.name" $ }}
automountServiceAccountToken: true
securityContext: {{- include "common.podSecurityContext" (dict "ctx" $ "fsGroup" 1001) | nindent 2 }}
containers:
  - name: gate
    image: {{ include "gate.image" $ }}
    command: [leanrag]
    args: {{- include .args . | nindent 6 }}
    env:
      {{- include "common.writableHome.env" $ | nindent 6 }}
      - {name: GUIDELLM__MAX_WORKER_PROCESSES, value: {{ $v.guidellm.workers | quote }}}
      # Prompts are ours and need no tokenizer, so nothing may ask a model hub.
      - {name: HF_HUB_OFFLINE, value: "1"}
      - {name: PYTHONUNBUFFERED, value: "1"}
      - name: POD_NAME
        valueFrom: {fieldRef: {fieldPath: metadata.name}}
      - name: POD_NAMESPACE
        valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
      # Labels of the Job controller (Kubernetes 1.27 and later): the verdict's Event hangs on the Job.
      - name: JOB_NAME
        valueFrom: {fieldRef: {fieldPath: "metadata.labels['batch.kubernetes.io/job-name']"}}
      - name: JOB_UID
        valueFrom: {fieldRef: {fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']"}}
    # The one-sentence verdict is written to /dev/termination-log; a crash leaves its last lines there instead.
    terminationMessagePolicy: FallbackToLogsOnError
    securityContext: {{- include "common.containerSecurityContext" $ | nindent 6 }}
    resources: {{- toYaml $v.resources | nindent 6 }}
    volumeMounts:
      {{- include "common.writableHome.volumeMounts" $ | nindent 6 }}
      - {name: reports, mountPath: /var/lib/gate}
      {{- range $name, $volume := include "gate.secrets" . | fromYaml }}
      - {name: {{ $name }}, mountPath: {{ $volume.path }}, readOnly: true}
      {{- end }}
volumes:
  # /tmp takes the clone of the repository and the files of the commit.
  {{- include "common.writableHome.volumes" (dict "tmpSize" $v.scratch.size) | nindent 2 }}
  - {name: reports, persistentVolumeClaim: {claimName: {{ include "common.name" $ }}-reports}}
  {{- range $name, $volume := include "gate.secrets" . | fromYaml }}
  - name: {{ $name }}
    # 0440: readable by the volume group, since the pod's user has no fixed number, and by nobody else.
    secret: {secretName: {{ $volume.secret }}, defaultMode: 288}
  {{- end }}
{{- end -}}

{{/*
gate.runArgs: what the gate itself is told. Takes: {ctx, trigger}.
*/}}
{{- define "gate.runArgs" -}}
{{- $ := .ctx -}}
{{- $v := $.Values -}}
- gate
- run
- --scope=cluster
- --cluster={{ $v.cluster.name }}
- --mode={{ include "gate.mode" $ }}
- --trigger={{ .trigger }}
# Written out, not read from the ConfigMap: a pod that starts late must still test the commit that asked for it.
- --revision={{ $v.revision }}
{{- with $v.repository.url }}
- --repository={{ . }}
{{- end }}
{{- with $v.argocd.namespace }}
- --applications={{ . }}
{{- end }}
- --converge-deadline={{ mul 60 (int $v.deadlines.convergeMinutes) }}
- --deadline={{ mul 60 (int $v.deadlines.wholeMinutes) }}
- --out=/var/lib/gate
{{- if $v.tokens }}
- --tokens=/etc/gate/tokens
{{- end }}
{{- if $v.signing.existingSecret }}
- --signing-key=/etc/gate/signing/{{ $v.signing.key }}
{{- end }}
{{- if $v.repository.existingSecret }}
- --repository-credentials=/etc/gate/repository
{{- end }}
{{- if $v.argocd.kubeconfigSecret }}
- --hub-kubeconfig=/etc/gate/hub/kubeconfig
{{- end }}
{{- if and $v.gpuMetrics.address $v.cluster.gpus }}
- --gpu-metrics={{ $v.gpuMetrics.address }}
{{- end }}
{{- range $prefix, $wanted := $v.injectedEnv }}
{{- if $wanted }}
- --injected-env={{ $prefix }}
{{- end }}
{{- end }}
{{- end -}}

{{/*
gate.comparisonArgs: what the comparison of two releases is told; every run has a folder of its own. Takes: {ctx}.
*/}}
{{- define "gate.comparisonArgs" -}}
{{- $ := .ctx -}}
{{- $v := $.Values -}}
{{- $c := $v.comparison -}}
- compare
- {{ $c.base }}
- {{ $c.candidate }}
- --serving={{ include "common.namespace" (dict "ctx" $ "layer" "serving") }}
- --rag={{ include "common.namespace" (dict "ctx" $ "layer" "rag") }}
- --rounds={{ $c.rounds }}
- --margin={{ $c.margin }}
{{- with $c.gpu }}
- --gpu={{ . }}
{{- end }}
{{- with $c.pricePerGpuHour }}
- --price={{ . }}
{{- end }}
{{- range $fact, $wanted := $c.varies }}
{{- if $wanted }}
- --varies={{ $fact }}
{{- end }}
{{- end }}
{{- if $v.tokens }}
- --tokens=/etc/gate/tokens
{{- end }}
- --out=/var/lib/gate/comparisons/$(POD_NAME)
- --html=/var/lib/gate/comparisons/$(POD_NAME)/report.html
- --json=/var/lib/gate/comparisons/$(POD_NAME)/comparison.json
{{- end -}}

{{/*
gate.secrets: the Secrets to mount, volume name to {secret, path}. What signs verdicts and what reads Git and Applications goes to the
gate's own runs only. Takes: {ctx, trigger}.
*/}}
{{- define "gate.secrets" -}}
{{- $v := .ctx.Values -}}
{{- if .trigger }}
{{- with $v.signing.existingSecret }}
signing: {secret: {{ . }}, path: /etc/gate/signing}
{{- end }}
{{- with $v.repository.existingSecret }}
repository: {secret: {{ . }}, path: /etc/gate/repository}
{{- end }}
{{- with $v.argocd.kubeconfigSecret }}
hub: {secret: {{ . }}, path: /etc/gate/hub}
{{- end }}
{{- end }}
{{- range $secret, $wanted := $v.tokens }}
{{- if $wanted }}
token-{{ $secret }}: {secret: {{ $secret }}, path: /etc/gate/tokens/{{ $secret }}}
{{- end }}
{{- end }}
{{- end -}}
