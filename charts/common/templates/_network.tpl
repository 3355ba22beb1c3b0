{{/*
common.networkPolicy: default deny both ways, plus the edges that a chart declares. Edges are maps keyed by name, so
that an overlay can add or drop one without counting list positions. DNS is opened for every pod: without it each
other edge is useless, and its absence looks like a fault of the application.
Takes: {ctx, name, component, selector (map; default: common.selectorLabels), ingress, egress, dns (default true)}.
  ingress: map of name -> {from: [peer], ports: [int]};  egress: map of name -> {to: [peer], ports: [int]}
  peer, one of: {layer: rag}  {namespace: name}  {pods: {label: value}} (own namespace)  {cidr: 10.0.0.0/8, except: []}
        {monitoring: true} (whatever scrapes on this platform)  {anywhere: true};  layer and namespace may add `pods`.
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
  policyTypes: [Ingress, Egress]
  {{- $ctx := .ctx }}
  {{- $ingress := list }}
  {{- range $name, $edge := .ingress }}
  {{- if $edge }}
  {{- $rule := include "common.networkPolicy.rule" (dict "ctx" $ctx "way" "from" "name" $name "edge" $edge) | fromYaml }}
  {{- $ingress = append $ingress $rule }}
  {{- end }}
  {{- end }}
  ingress: {{- if $ingress }}{{ toYaml $ingress | nindent 4 }}{{ else }} []{{ end }}
  {{- $egress := list }}
  {{- if ne (toString .dns) "false" }}
  {{- $egress = append $egress (include "common.networkPolicy.dns" $ctx | fromYaml) }}
  {{- end }}
  {{- range $name, $edge := .egress }}
  {{- if $edge }}
  {{- $rule := include "common.networkPolicy.rule" (dict "ctx" $ctx "way" "to" "name" $name "edge" $edge) | fromYaml }}
  {{- $egress = append $egress $rule }}
  {{- end }}
  {{- end }}
  egress: {{- if $egress }}{{ toYaml $egress | nindent 4 }}{{ else }} []{{ end }}
{{- end -}}

{{/*
common.networkPolicy.rule: one edge as a rule. An edge without peers is refused: an empty `from` would allow
everybody, which nobody means by writing nothing.
*/}}
{{- define "common.networkPolicy.rule" -}}
{{- $ctx := .ctx -}}
{{- $name := .name -}}
{{- $peers := index .edge .way -}}
{{- if not $peers -}}
{{- fail (printf "networkPolicy: edge %q has no peers under %q, which would mean everybody; name them, or write {anywhere: true}" $name .way) -}}
{{- end -}}
{{- $open := false -}}
{{- $rendered := list -}}
{{- range $peer := $peers -}}
{{- if $peer.anywhere -}}
{{- $open = true -}}
{{- else -}}
{{- $rendered = concat $rendered (include "common.networkPolicy.peers" (dict "ctx" $ctx "name" $name "peer" $peer) | fromYamlArray) -}}
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
kubernetes.io/metadata.name, the one label that the API server itself sets and that nobody can forget.
*/}}
{{- define "common.networkPolicy.peers" -}}
{{- $peer := .peer -}}
{{- $platform := (.ctx.Values.cluster | default dict).platform | default "openshift" -}}
{{- $namespaces := list -}}
{{- if $peer.layer -}}
{{- $namespaces = list (include "common.namespace" (dict "ctx" .ctx "layer" $peer.layer)) -}}
{{- else if $peer.namespace -}}
{{- $namespaces = list $peer.namespace -}}
{{- else if $peer.monitoring -}}
{{- /* OpenShift's own Prometheus pods; on plain Kubernetes whatever runs in the observe layer. */ -}}
{{- $namespaces = ternary (list "openshift-user-workload-monitoring" "openshift-monitoring") (list (include "common.namespace" (dict "ctx" .ctx "layer" "observe"))) (eq $platform "openshift") -}}
{{- end -}}
{{- $out := list -}}
{{- range $namespaces -}}
{{- $one := dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" .)) -}}
{{- with $peer.pods -}}{{- $_ := set $one "podSelector" (dict "matchLabels" .) -}}{{- end -}}
{{- $out = append $out $one -}}
{{- end -}}
{{- if $peer.cidr -}}
{{- $block := dict "cidr" $peer.cidr -}}
{{- with $peer.except -}}{{- $_ := set $block "except" . -}}{{- end -}}
{{- $out = append $out (dict "ipBlock" $block) -}}
{{- else if and $peer.pods (not $namespaces) -}}
{{- $out = append $out (dict "podSelector" (dict "matchLabels" $peer.pods)) -}}
{{- end -}}
{{- if not $out -}}
{{- fail (printf "networkPolicy: edge %q has a peer without layer, namespace, pods, cidr, monitoring or anywhere; write one of them" .name) -}}
{{- end -}}
{{- toYaml $out -}}
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
