{{/*
common.rhoai: "true" when the cluster's OpenShift AI is one of the releases from `since` to `until`, both included; else "", and
always "" on a cluster without OpenShift AI. The one place that compares releases, so that 3.10 is newer than 3.9.
Takes: {ctx, since (default: any), until (default: any)}.
*/}}
{{- define "common.rhoai" -}}
{{- $release := (.ctx.Values.cluster | default dict).openshiftAI | default "" | toString -}}
{{- if and $release
      (or (not .since) (semverCompare (printf ">=%s" .since) $release))
      (or (not .until) (semverCompare (printf "<=%s" .until) $release)) -}}
true
{{- end -}}
{{- end -}}
