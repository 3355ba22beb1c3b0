{{/*
common.store.securityContext: the pod context of a store that writes to a volume: common.podSecurityContext, and on plain Kubernetes, where
nobody else gives one, a user. Group 0 there, as on OpenShift: the images give their files to it.
Takes: {ctx, user (int)}.
*/}}
{{- define "common.store.securityContext" -}}
{{ include "common.podSecurityContext" (dict "ctx" .ctx "fsGroup" .user) }}
{{- if eq ((.ctx.Values.cluster | default dict).platform | default "openshift") "kubernetes" }}
runAsUser: {{ .user }}
runAsGroup: 0
{{- end }}
{{- end -}}

{{/*
common.store.claimName: the claim that a store writes to: `<release>-data`, or the one that was restored from a snapshot, which is named
like the snapshot. A claim's source cannot be changed, so restoring makes a new claim, and the old one stays.
Takes: {ctx, storage: {restoreFrom}}.
*/}}
{{- define "common.store.claimName" -}}
{{- .storage.restoreFrom | default (printf "%s-data" (include "common.name" .ctx)) -}}
{{- end -}}

{{/*
common.store.claim: that claim, as common.pvc, filled from the snapshot when there is one.
Takes: {ctx, storage: {size, storageClass, restoreFrom}}.
*/}}
{{- define "common.store.claim" -}}
{{ include "common.pvc" (dict "ctx" .ctx "name" (include "common.store.claimName" .) "size" .storage.size "storageClass" .storage.storageClass) }}
{{- with .storage.restoreFrom }}
  dataSource:
    apiGroup: snapshot.storage.k8s.io
    kind: VolumeSnapshot
    name: {{ . }}
{{- end }}
{{- end -}}

{{/*
common.store.cronJob: a backup by schedule: one at a time, no second try (the next night is one), the last three of each kind kept to be read.
Takes: {ctx, backup: {schedule, timeZone, deadlineSeconds}, user (int), automount (default false), containers and volumes (YAML text)}.
*/}}
{{- define "common.store.cronJob" -}}
{{- $labels := dict "ctx" .ctx "component" "backup" -}}
apiVersion: batch/v1
kind: CronJob
{{ include "common.metadata" (merge (dict "name" (printf "%s-backup" (include "common.name" .ctx))) $labels) }}
spec:
  schedule: {{ .backup.schedule | quote }}
  timeZone: {{ .backup.timeZone | quote }}
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 3600
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  jobTemplate:
    metadata:
      labels:
        {{- include "common.labels" $labels | nindent 8 }}
    spec:
      backoffLimit: 0
      activeDeadlineSeconds: {{ .backup.deadlineSeconds }}
      template:
        metadata:
          labels:
            {{- include "common.podLabels" $labels | nindent 12 }}
        spec:
          serviceAccountName: {{ include "common.name" .ctx }}-backup
          automountServiceAccountToken: {{ .automount | default false }}
          enableServiceLinks: false
          restartPolicy: Never
          securityContext:
            {{- include "common.store.securityContext" . | nindent 12 }}
          containers:
            {{- .containers | nindent 12 }}
          volumes:
            - name: tmp
              emptyDir:
                sizeLimit: 256Mi
            {{- with .volumes }}
            {{- . | nindent 12 }}
            {{- end }}
{{- end -}}

{{/*
common.store.snapshots: snapshots of a store's volume by schedule, all that they need in one place: account, role, policy, CronJob. A
snapshot of one volume is what a crash would leave, and every store here starts from that. A snapshot is taken by name, awaited, and the
oldest beyond `keep` are deleted; nothing else may be done with this account.
Takes: {ctx, storage, backup: {enabled, schedule, timeZone, deadlineSeconds, keep, snapshotClass, image}, user (int)}.
*/}}
{{- define "common.store.snapshots" -}}
{{- if .backup.enabled -}}
{{- $name := printf "%s-backup" (include "common.name" .ctx) -}}
{{- $meta := dict "ctx" .ctx "name" $name "component" "backup" -}}
{{ include "common.serviceAccount" $meta }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
{{ include "common.metadata" $meta }}
rules:
  - apiGroups: [snapshot.storage.k8s.io]
    resources: [volumesnapshots]
    verbs: [create, get, list, watch, delete]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
{{ include "common.metadata" $meta }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ $name }}
subjects:
  - kind: ServiceAccount
    name: {{ $name }}
    namespace: {{ .ctx.Release.Namespace }}
---
# A policy sees the API server's node address behind its Service, which no selector matches.
{{ include "common.networkPolicy" (merge (dict "egress" (dict "apiServer" (dict "to" (list (dict "anywhere" true)) "ports" (list 443 6443)))) $meta) }}
---
{{ include "common.store.cronJob" (merge (dict "automount" true "containers" (include "common.store.snapshotContainer" .)) .) }}
{{- end -}}
{{- end -}}

{{- define "common.store.snapshotContainer" -}}
- name: snapshot
  image: {{ include "common.image" (dict "ctx" .ctx "image" .backup.image "key" "backup.image") }}
  imagePullPolicy: IfNotPresent
  command: [sh, -ec]
  args:
    - |
      name="$STORE-$(date -u +%Y%m%d-%H%M%S)"
      kubectl create -f - <<EOF
      apiVersion: snapshot.storage.k8s.io/v1
      kind: VolumeSnapshot
      metadata:
        name: $name
        labels: {leanrag.io/backup-of: $STORE}
      spec:
        source: {persistentVolumeClaimName: $CLAIM}
        {{- with .backup.snapshotClass }}
        volumeSnapshotClassName: {{ . }}
        {{- end }}
      EOF
      kubectl wait "volumesnapshot/$name" --for='jsonpath={.status.readyToUse}=true' --timeout={{ .backup.deadlineSeconds }}s
      kubectl get volumesnapshots -l "leanrag.io/backup-of=$STORE" --sort-by=.metadata.creationTimestamp -o name \
        | head -n -{{ .backup.keep }} | xargs -r kubectl delete
  env:
    # By the store's name, not the claim's: a restored claim is named like its snapshot, and names would grow with each.
    - name: STORE
      value: {{ include "common.name" .ctx }}
    - name: CLAIM
      value: {{ include "common.store.claimName" . }}
    - name: HOME
      value: /tmp
  resources:
    requests: {cpu: 10m, memory: 64Mi}
    limits: {memory: 256Mi}
  securityContext:
    {{- include "common.containerSecurityContext" .ctx | nindent 4 }}
  volumeMounts:
    - name: tmp
      mountPath: /tmp
{{- end -}}

{{/*
common.store.contract: what a client must know of a store, in a labelled ConfigMap, so that a check can compare both sides. No secret is in it.
Takes: {ctx, facts (map)}.
*/}}
{{- define "common.store.contract" -}}
apiVersion: v1
kind: ConfigMap
{{ include "common.metadata" (dict "ctx" .ctx "name" (printf "%s-contract" (include "common.name" .ctx)) "labels" (dict "leanrag.io/store" "true")) }}
data:
  store.json: |
    {{- .facts | toPrettyJson | nindent 4 }}
{{- end -}}

{{/*
common.store.problems: what no store can be given, as a JSON list for common.validate.report.
Takes: {ctx, storage, backup}.
*/}}
{{- define "common.store.problems" -}}
{{- $problems := list -}}
{{- $first := printf "%s-data" (include "common.name" .ctx) -}}
{{- if eq (.storage.restoreFrom | default "") $first -}}
{{- $problems = append $problems (dict "key" "storage.restoreFrom" "reason" (printf "%s is the name of the claim itself" $first) "remedy" "name a VolumeSnapshot: kubectl get volumesnapshots") -}}
{{- end -}}
{{- if and (not .backup.enabled) (.ctx.Values.cluster | default dict).protected -}}
{{- $problems = append $problems (dict "key" "backup.enabled" "reason" "is false on a protected cluster, so one deleted collection would be lost for ever" "remedy" "set it to true") -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}

{{/*
common.store.bytes: bytes of a quantity in Ki, Mi, Gi or Ti; 0 for any other form, so that a rule can leave it alone.
Takes: the quantity.
*/}}
{{- define "common.store.bytes" -}}
{{- $factor := index (dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776) (regexFind "[KMGT]i$" .) | default 0 -}}
{{- mulf (regexFind "^[0-9.]+" . | float64) $factor | int64 -}}
{{- end -}}
