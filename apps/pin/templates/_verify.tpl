{{/*
pin.proves: `true` where a promotion stands behind the pin. A cluster that tracks main, or follows nobody, has none to prove.
Takes: the root context.
*/}}
{{- define "pin.proves" -}}
{{- $release := .Values.release | default dict -}}
{{- if and .Values.verify.enabled $release.follows $release.revision (ne $release.revision "main") -}}true{{- end -}}
{{- end -}}
