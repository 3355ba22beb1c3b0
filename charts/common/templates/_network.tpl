{{/*
common.networkPolicy: default deny both ways, plus the edges that a chart declares. Edges are maps keyed by name, so
that an overlay can add or drop one without counting list positions. DNS is opened for every pod: without it each
other edge is useless, and its absence looks like a fault of the application. An edge between layers must be in common.graph.
Takes: {ctx, name, namespace, component, selector (map; default: common.selectorLabels), serves, calls, ingress, egress,
  dns (default true), layer (on whose side it stands; default: the chart's own), types (default [Ingress, Egress])}.
  serves:  map of name -> {ports: [int], to: [caller]}; `to` defaults to all layers that common.graph lets in, for the name
           `metrics` to monitoring. A caller is a layer, `gateway` or `monitoring`.
  calls:   map of name -> {layer, ports: [int], pods: {label: value}}
  ingress: map of name -> {from: [peer], ports: [int]};  egress: map of name -> {to: [peer], ports: [int]}
  peer, one of: {layer: rag}  {namespace: name}  {pods: {label: value}} (own namespace)  {cidr: 10.0.0.0/8, except: []}
        {monitoring: true} (whatever scrapes on this platform)  {gateway: true} (what brings requests from outside)
        {anywhere: true};  layer and namespace may add `pods`.
  An edge that is null is dropped. No ports means every port.
*/}}
{{- define "common.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
{{ include "common.metadata" . }}
spec:
  podSelector:
    matchLabels:
      {{- if .selector }}
      {{- toYaml .selector | nindent 6 }}
      {{- else }}
      {{- include "common.selectorLabels" . | nindent 6 }}
      {{- end }}
  {{- $types := .types | default (list "Ingress" "Egress") }}
  policyTypes: [{{ join ", " $types }}]
  {{- $ctx := .ctx }}
  {{- $own := .layer | default (include "common.layer" .ctx) }}
  {{- if has "Ingress" $types }}
  {{- $ingress := list }}
  {{- $edges := include "common.networkPolicy.served" (dict "own" $own "serves" .serves) | fromYaml }}
  {{- range $name, $edge := .ingress }}{{ $_ := set $edges $name $edge }}{{ end }}
  {{- range $name, $edge := $edges }}
  {{- if $edge }}
  {{- $rule := include "common.networkPolicy.rule" (dict "ctx" $ctx "own" $own "way" "from" "name" $name "edge" $edge) | fromYaml }}
  {{- $ingress = append $ingress $rule }}
  {{- end }}
  {{- end }}
  ingress: {{- if $ingress }}{{ toYaml $ingress | nindent 4 }}{{ else }} []{{ end }}
  {{- end }}
  {{- if has "Egress" $types }}
  {{- $egress := list }}
  {{- if ne (toString .dns) "false" }}
  {{- $egress = append $egress (include "common.networkPolicy.dns" $ctx | fromYaml) }}
  {{- end }}
  {{- $edges := include "common.networkPolicy.called" (dict "calls" .calls) | fromYaml }}
  {{- range $name, $edge := .egress }}{{ $_ := set $edges $name $edge }}{{ end }}
  {{- range $name, $edge := $edges }}
  {{- if $edge }}
  {{- $rule := include "common.networkPolicy.rule" (dict "ctx" $ctx "own" $own "way" "to" "name" $name "edge" $edge) | fromYaml }}
  {{- $egress = append $egress $rule }}
  {{- end }}
  {{- end }}
  egress: {{- if $egress }}{{ toYaml $egress | nindent 4 }}{{ else }} []{{ end }}
  {{- end }}
{{- end -}}

{{/*
common.networkPolicy.served: what a chart serves, as edges in. Takes: {own (layer), serves}.
*/}}
{{- define "common.networkPolicy.served" -}}
{{- $own := .own -}}
{{- $edges := dict -}}
{{- range $name, $port := .serves -}}
{{- if $port -}}
{{- $callers := $port.to | default (ternary (list "monitoring") (without (include "common.graph.callers" (dict "layer" $own) | fromJsonArray) "gateway" "monitoring") (eq $name "metrics")) -}}
{{- $peers := list -}}
{{- range $callers -}}
{{- $peers = append $peers (ternary (dict . true) (dict "layer" .) (has . (list "gateway" "monitoring"))) -}}
{{- end -}}
{{- $_ := set $edges $name (dict "from" $peers "ports" $port.ports) -}}
{{- end -}}
{{- end -}}
{{- toYaml $edges -}}
{{- end -}}

{{/*
common.networkPolicy.called: whom a chart calls, as edges out. Takes: {calls}.
*/}}
{{- define "common.networkPolicy.called" -}}
{{- $edges := dict -}}
{{- range $name, $call := .calls -}}
{{- if $call -}}
{{- $_ := set $edges $name (dict "to" (list (pick $call "layer" "pods")) "ports" $call.ports) -}}
{{- end -}}
{{- end -}}
{{- toYaml $edges -}}
{{- end -}}

{{/*
common.address: where a URL leads, as {namespace, port}; the namespace is empty for a host outside the cluster (not x.ns.svc).
*/}}
{{- define "common.address" -}}
{{- $url := urlParse . -}}
{{- $host := regexReplaceAll ":[0-9]+$" $url.host "" -}}
namespace: {{ if regexMatch "^[^.]+[.][^.]+[.]svc([.]|$)" $host }}{{ index (splitList "." $host) 1 }}{{ end }}
port: {{ regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https")) }}
{{- end -}}

{{/*
common.networkPolicy.rule: one edge as a rule. An edge without peers is refused: an empty `from` would allow
everybody, which nobody means by writing nothing.
*/}}
{{- define "common.networkPolicy.rule" -}}
{{- $ctx := .ctx -}}
{{- $own := .own -}}
{{- $name := .name -}}
{{- $way := .way -}}
{{- $peers := index .edge $way -}}
{{- if not $peers -}}
{{- fail (printf "networkPolicy: edge %q has no peers under %q, which would mean everybody; name them, or write {anywhere: true}" $name $way) -}}
{{- end -}}
{{- $open := false -}}
{{- $rendered := list -}}
{{- range $peer := $peers -}}
{{- if $peer.anywhere -}}
{{- $open = true -}}
{{- else -}}
{{- $rendered = concat $rendered (include "common.networkPolicy.peers" (dict "ctx" $ctx "own" $own "name" $name "peer" $peer "way" $way) | fromYamlArray) -}}
{{- end -}}
{{- end -}}
{{- $rule := dict -}}
{{- if not $open -}}{{- $_ := set $rule .way $rendered -}}{{- end -}}
{{- with .edge.ports -}}
{{- $ports := list -}}
{{- range . -}}{{- $ports = append $ports (dict "protocol" "TCP" "port" (int .)) -}}{{- end -}}
{{- $_ := set $rule "ports" $ports -}}
{{- end -}}
{{- toYaml $rule -}}
{{- end -}}

{{/*
common.networkPolicy.peers: one peer as NetworkPolicyPeer objects. Namespaces are selected by
kubernetes.io/metadata.name, the one label that the API server itself sets and that nobody can forget; OpenShift's routers
and gateways by the label that it gives to all of theirs (OpenShift 4.17, about-network-policy).
*/}}
{{- define "common.networkPolicy.peers" -}}
{{- $peer := .peer -}}
{{- $platform := (.ctx.Values.cluster | default dict).platform | default "openshift" -}}
{{- include "common.networkPolicy.allowed" . -}}
{{- $namespaces := list -}}
{{- $out := list -}}
{{- if $peer.layer -}}
{{- $namespaces = list (include "common.namespace" (dict "ctx" .ctx "layer" $peer.layer)) -}}
{{- else if $peer.namespace -}}
{{- $namespaces = list $peer.namespace -}}
{{- else if $peer.monitoring -}}
{{- /* OpenShift's own Prometheus pods; on plain Kubernetes whatever runs in the observe layer. */ -}}
{{- $namespaces = ternary (list "openshift-user-workload-monitoring" "openshift-monitoring") (list (include "common.namespace" (dict "ctx" .ctx "layer" "observe"))) (eq $platform "openshift") -}}
{{- else if $peer.gateway -}}
{{- /* On plain Kubernetes the proxies of most gateways run beside their Gateway. */ -}}
{{- if eq $platform "openshift" -}}
{{- $out = append $out (dict "namespaceSelector" (dict "matchLabels" (dict "policy-group.network.openshift.io/ingress" ""))) -}}
{{- else -}}
{{- $namespaces = list (include "common.namespace" (dict "ctx" .ctx "layer" "platform")) -}}
{{- end -}}
{{- end -}}
{{- range $namespaces -}}
{{- $one := dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" .)) -}}
{{- with $peer.pods -}}{{- $_ := set $one "podSelector" (dict "matchLabels" .) -}}{{- end -}}
{{- $out = append $out $one -}}
{{- end -}}
{{- if $peer.cidr -}}
{{- $block := dict "cidr" $peer.cidr -}}
{{- with $peer.except -}}{{- $_ := set $block "except" . -}}{{- end -}}
{{- $out = append $out (dict "ipBlock" $block) -}}
{{- else if and $peer.pods (not $out) -}}
{{- $out = append $out (dict "podSelector" (dict "matchLabels" $peer.pods)) -}}
{{- end -}}
{{- if not $out -}}
{{- fail (printf "networkPolicy: edge %q has a peer without layer, namespace, pods, cidr, monitoring, gateway or anywhere; write one of them" .name) -}}
{{- end -}}
{{- toYaml $out -}}
{{- end -}}

{{/*
common.networkPolicy.allowed: fails when the peer is a layer and common.graph has no such edge. The namespace of a layer is that layer,
however it is written. Takes: {ctx, own, name, peer, way}.
*/}}
{{- define "common.networkPolicy.allowed" -}}
{{- $peer := .peer -}}
{{- $own := .own -}}
{{- $others := list -}}
{{- range $layer := include "common.graph" . | fromYaml | keys | sortAlpha -}}
{{- if or (eq $layer ($peer.layer | default "")) (index $peer $layer) -}}
{{- $others = append $others $layer -}}
{{- else if and $peer.namespace (not (has $layer (list "gateway" "monitoring"))) -}}
{{- if eq $peer.namespace (include "common.namespace" (dict "ctx" $.ctx "layer" $layer)) -}}{{- $others = append $others $layer -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- with $peer.layer -}}{{- if not $others -}}{{- $others = list . -}}{{- end -}}{{- end -}}
{{- $allowed := false -}}
{{- range $others -}}
{{- $edge := ternary (dict "from" $own "to" .) (dict "from" . "to" $own) (eq $.way "to") -}}
{{- if include "common.graph.allows" $edge -}}{{- $allowed = true -}}{{- end -}}
{{- end -}}
{{- if and $others (not $allowed) -}}
{{- $edge := ternary (dict "from" $own "to" (first $others)) (dict "from" (first $others) "to" $own) (eq $.way "to") -}}
{{- include "common.graph.refuse" (merge (dict "edge" .name) $edge) -}}
{{- end -}}
{{- end -}}

{{/*
common.networkPolicy.dns: egress to the cluster's DNS. OpenShift's DNS pods listen on 5353 behind a Service on 53,
and policies see the pod's port, so 53 alone resolves nothing there.
*/}}
{{- define "common.networkPolicy.dns" -}}
{{- $openshift := eq ((.Values.cluster | default dict).platform | default "openshift") "openshift" -}}
to:
  - namespaceSelector:
      matchLabels:
        kubernetes.io/metadata.name: {{ ternary "openshift-dns" "kube-system" $openshift }}
ports:
  {{- range $port := ternary (list 53 5353) (list 53) $openshift }}
  - {protocol: UDP, port: {{ $port }}}
  - {protocol: TCP, port: {{ $port }}}
  {{- end }}
{{- end -}}
