{{/*
common.sync: the annotations that tell Argo CD when and how to apply one object. Two helpers that both write `sync-options` cannot be
merged, so this one knows all of them: `wave` orders objects inside one Application; `foreign` and `keep` as in _annotations.tpl.
Takes: {wave (int), foreign (bool), keep (bool)}.
*/}}
{{- define "common.sync" -}}
{{- $options := list -}}
{{- if .foreign -}}{{- $options = append $options "SkipDryRunOnMissingResource=true" -}}{{- end -}}
{{- if .keep -}}{{- $options = concat $options (list "Prune=false" "Delete=false") -}}{{- end -}}
{{- $annotations := dict -}}
{{- if $options -}}{{- $_ := set $annotations "argocd.argoproj.io/sync-options" (join "," $options) -}}{{- end -}}
{{- if .keep -}}{{- $_ := set $annotations "argocd.argoproj.io/compare-options" "IgnoreExtraneous" -}}{{- end -}}
{{- if hasKey . "wave" -}}{{- $_ := set $annotations "argocd.argoproj.io/sync-wave" (toString .wave) -}}{{- end -}}
{{- toYaml $annotations -}}
{{- end -}}
