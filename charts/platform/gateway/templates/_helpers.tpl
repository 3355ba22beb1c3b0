{{- define "gateway.openshift" -}}
{{- if eq ((.Values.cluster | default dict).platform | default "openshift") "openshift" -}}true{{- end -}}
{{- end -}}

{{- define "gateway.exposure" -}}
{{- .Values.exposure | default (ternary "route" "loadbalancer" (eq (include "gateway.openshift" .) "true")) -}}
{{- end -}}

{{/* gateway.byRoute: "true" when OpenShift's routers bring requests, else a Gateway does. */}}
{{- define "gateway.byRoute" -}}
{{- if eq (include "gateway.exposure" .) "route" -}}true{{- end -}}
{{- end -}}

{{/* OpenShift manages address and DNS of the Gateways in its own namespace (openshift/enhancements #1871). */}}
{{- define "gateway.namespace" -}}
{{- ternary "openshift-ingress" .Release.Namespace (eq (include "gateway.openshift" .) "true") -}}
{{- end -}}

{{- define "gateway.class" -}}
{{- .Values.gateway.className | default (ternary "openshift-default" "" (eq (include "gateway.openshift" .) "true")) -}}
{{- end -}}

{{/*
gateway.routes: the routes as they are meant, by name, with every default filled in: layer, namespace, host, path, port, targetPort,
https, backends as a list of {name, weight, pods}, by name.
*/}}
{{- define "gateway.routes" -}}
{{- $domain := (.Values.cluster | default dict).domain | default "" -}}
{{- $routes := dict -}}
{{- range $name, $route := .Values.routes -}}
{{- if $route -}}
{{- $backends := list -}}
{{- range $service, $backend := $route.backends -}}
{{- if not (kindIs "invalid" $backend) -}}
{{- $weight := ternary (index $backend "weight") 100 (hasKey $backend "weight") | int -}}
{{- $backends = append $backends (dict "name" $service "weight" $weight "pods" ($backend.pods | default (dict "app.kubernetes.io/instance" $service))) -}}
{{- end -}}
{{- end -}}
{{- $host := $route.host | default (printf "%s.%s" $name $domain) -}}
{{- $namespace := include "common.namespace" (dict "ctx" $ "layer" $route.layer) -}}
{{- $_ := set $routes $name (dict "layer" $route.layer "namespace" $namespace "host" $host "path" ($route.path | default "/")
      "port" (int $route.port) "targetPort" (int ($route.targetPort | default $route.port)) "https" ($route.https | default false) "backends" $backends) -}}
{{- end -}}
{{- end -}}
{{- toJson $routes -}}
{{- end -}}

{{/* gateway.proxies: from where the pods see the requests come, as a peer of common.networkPolicy. */}}
{{- define "gateway.proxies" -}}
{{- if .Values.gateway.proxyNamespace -}}
{namespace: {{ .Values.gateway.proxyNamespace }}}
{{- else -}}
{gateway: true}
{{- end -}}
{{- end -}}

{{/* gateway.allowed: whose HTTPRoutes a listener takes. Takes: a list of namespaces. */}}
{{- define "gateway.allowed" -}}
namespaces:
  from: Selector
  selector:
    matchExpressions:
      - {key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }}}
{{- end -}}
