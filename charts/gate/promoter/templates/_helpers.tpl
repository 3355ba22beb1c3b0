{{/*
promoter.secrets: the Secrets to mount, volume name to {secret, path}. Takes: the root context.
*/}}
{{- define "promoter.secrets" -}}
git: {secret: {{ .Values.repository.existingSecret }}, path: /etc/promoter/git}
{{- with .Values.signing.existingSecret }}
signing: {secret: {{ . }}, path: /etc/promoter/signing}
{{- end }}
{{- with .Values.forge.existingSecret }}
forge: {secret: {{ . }}, path: /etc/promoter/forge}
{{- end }}
{{- range $cluster, $secret := .Values.spokes }}
spoke-{{ $cluster }}: {secret: {{ $secret }}, path: /etc/promoter/spokes/{{ $cluster }}}
{{- end }}
{{- end -}}
