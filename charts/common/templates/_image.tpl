{{/*
common.image: one image reference. A repository without a slash is an image of ours and comes from
cluster.registry; any other is taken as written. An empty tag and `latest` are refused even beside a digest-less
default: what they point at changes under a verdict that names them.
Takes: {ctx, image: {repository, tag, digest}, key (the values key, for the message; default "image")}.
*/}}
{{- define "common.image" -}}
{{- $image := .image | default dict -}}
{{- $key := .key | default "image" -}}
{{- $repository := $image.repository | default "" -}}
{{- $tag := $image.tag | default "" | toString -}}
{{- $digest := $image.digest | default "" -}}
{{- if not $repository -}}
{{- fail (printf "%s.repository: empty, so there is nothing to pull; name the image, for example quay.io/org/name" $key) -}}
{{- end -}}
{{- if not (contains "/" $repository) -}}
{{- $registry := (.ctx.Values.cluster | default dict).registry -}}
{{- if not $registry -}}
{{- fail (printf "%s.repository: %q is an image of ours, but cluster.registry is not set; set it in clusters/<cluster>/cluster.yaml" $key $repository) -}}
{{- end -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" $registry) $repository -}}
{{- end -}}
{{- if eq $tag "latest" -}}
{{- fail (printf "%s.tag: 'latest' can change under us; pin the exact version of %s" $key $repository) -}}
{{- end -}}
{{- if and (not $tag) (not $digest) -}}
{{- fail (printf "%s.tag: empty, which means 'latest'; pin the exact version of %s, or set %s.digest" $key $repository $key) -}}
{{- end -}}
{{- if and $digest (not (regexMatch "^sha256:[0-9a-f]{64}$" $digest)) -}}
{{- fail (printf "%s.digest: %q is not sha256: and 64 hexadecimal digits; run leanrag images lock, or leave it empty" $key $digest) -}}
{{- end -}}
{{- $repository -}}{{- with $tag }}:{{ . }}{{ end -}}{{- with $digest }}@{{ . }}{{ end -}}
{{- end -}}
