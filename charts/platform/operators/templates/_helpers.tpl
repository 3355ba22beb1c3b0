{{/*
operators.chosen: the packages that this cluster needs, as a map in JSON, each with the channel and version of its OpenShift AI release.
Takes: the root context.
*/}}
{{- define "operators.chosen" -}}
{{- $cluster := .Values.cluster | default dict -}}
{{- $release := $cluster.openshiftAI | default "" | toString -}}
{{- $enabled := $cluster.features | default list -}}
{{- if $release -}}{{- $enabled = append $enabled "openshift-ai" -}}{{- end -}}
{{- if $cluster.gpus -}}{{- $enabled = append $enabled "gpus" -}}{{- end -}}
{{- $chosen := dict -}}
{{- range $name, $package := .Values.packages -}}
{{- if $package -}}
{{- $install := $package.install | default "auto" -}}
{{- $needed := eq $install "always" -}}
{{- range $package.neededBy -}}{{- if and (eq $install "auto") (has . $enabled) -}}{{- $needed = true -}}{{- end -}}{{- end -}}
{{- if $needed -}}
{{- $default := index ($package.releases | default dict) $release | default dict -}}
{{- $facts := dict "channel" ($package.channel | default $default.channel | default "")
      "startingCSV" ($package.startingCSV | default $default.startingCSV | default "") -}}
{{- $_ := set $chosen $name (merge $facts $package) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $chosen -}}
{{- end -}}

{{/*
operators.namespaces: the namespaces of the chosen packages, as a map in JSON: `watches`, `monitored`, and `pins` (package to version).
Takes: the root context.
*/}}
{{- define "operators.namespaces" -}}
{{- $namespaces := dict -}}
{{- range $name, $package := include "operators.chosen" . | fromJson -}}
{{- $known := index $namespaces $package.namespace | default (dict "watches" $package.watches "monitored" false "pins" dict) -}}
{{- $pins := $known.pins -}}
{{- if $package.startingCSV -}}{{- $_ := set $pins $name $package.startingCSV -}}{{- end -}}
{{- $_ := set $namespaces $package.namespace (dict "watches" $known.watches "monitored" (or $known.monitored $package.monitored false) "pins" $pins) -}}
{{- end -}}
{{- toJson $namespaces -}}
{{- end -}}

{{/*
operators.pins: what the approver may approve: namespace to package to version, as JSON; empty when it has nothing to do.
Takes: the root context.
*/}}
{{- define "operators.pins" -}}
{{- $pins := dict -}}
{{- range $namespace, $facts := include "operators.namespaces" . | fromJson -}}
{{- if $facts.pins -}}{{- $_ := set $pins $namespace $facts.pins -}}{{- end -}}
{{- end -}}
{{- if and $pins .Values.approver.enabled -}}{{- toJson $pins -}}{{- end -}}
{{- end -}}

{{/*
operators.approver: the name of all that belongs to the approver. Takes: the root context.
*/}}
{{- define "operators.approver" -}}
{{- include "common.name" . }}-approver
{{- end -}}
