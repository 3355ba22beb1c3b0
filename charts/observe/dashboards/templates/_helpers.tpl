{{/*
dashboards.json: one file, with the address of the runbooks in place, or without links to them. Files are written by
`python -m leanrag.dashboards --write`, so their spelling is known. Takes: {ctx, name}.
*/}}
{{- define "dashboards.json" -}}
{{- $text := .ctx.Files.Get (printf "files/%s.json" .name) | required (printf "files/%s.json is missing" .name) | trim -}}
{{- with .ctx.Values.runbooks -}}
{{- $text | replace "\"RUNBOOKS/" (printf "\"%s/" .) -}}
{{- else -}}
{{- regexReplaceAll "\"links\": \\[[^\\]]*(\\[\\][^\\]]*)?\"RUNBOOKS/[^\\]]*\\]" $text "\"links\": []" -}}
{{- end -}}
{{- end -}}
