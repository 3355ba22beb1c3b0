{{/*
dashboards.json: one file, with the addresses of runbooks and traces in place, or without links to them. Files are written by
`python -m leanrag.dashboards --write`, so their spelling is known. Takes: {ctx, name}.
*/}}
{{- define "dashboards.json" -}}
{{- $text := .ctx.Files.Get (printf "files/%s.json" .name) | required (printf "files/%s.json is missing" .name) | trim -}}
{{- $none := "\"links\": \\[[^\\]]*(\\[\\][^\\]]*)?\"%s/[^\\]]*\\]" -}}
{{- with .ctx.Values.runbooks -}}
{{- $text = $text | replace "\"RUNBOOKS/" (printf "\"%s/" .) -}}
{{- else -}}
{{- $text = regexReplaceAll (printf $none "RUNBOOKS") $text "\"links\": []" -}}
{{- end -}}
{{- with .ctx.Values.traces -}}
{{- /* A dollar sign that stays is written twice for the replacement; ${1} is the service. */ -}}
{{- $url := . | replace "$" "$$" | replace "{service}" "${1}" | replace "{from}" "$${__from}" | replace "{to}" "$${__to}" -}}
{{- $text = regexReplaceAll "\"TRACES/([^\"]*)\"" $text (printf "%q" $url) -}}
{{- else -}}
{{- $text = regexReplaceAll (printf $none "TRACES") $text "\"links\": []" -}}
{{- end -}}
{{- $text -}}
{{- end -}}
