{{/*
common.validate.report: fails the render with every problem at once, each naming the key, the reason and the remedy;
stopping at the first of five would cost five commits.
Takes: {ctx, problems: [{key, reason, remedy}]}. Renders nothing when the list is empty.
*/}}
{{- define "common.validate.report" -}}
{{- if .problems -}}
{{- $lines := list -}}
{{- range .problems -}}
{{- $lines = append $lines (printf "%s: %s; %s" .key .reason .remedy) -}}
{{- end -}}
{{- fail (printf "%s %s: these values cannot work:\n  - %s" .ctx.Chart.Name .ctx.Release.Name (join "\n  - " $lines)) -}}
{{- end -}}
{{- end -}}

{{/*
common.validate.required: a value that has no sensible default. Returns the value, so that it can be used in place.
Takes: {value, key, reason, remedy}.
*/}}
{{- define "common.validate.required" -}}
{{- if or (kindIs "invalid" .value) (eq (toString .value) "") -}}
{{- fail (printf "%s: %s; %s" .key .reason .remedy) -}}
{{- end -}}
{{- .value -}}
{{- end -}}
