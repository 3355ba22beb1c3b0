{{/* The allowed attributes as a list of OTTL. */}}
{{- define "tracing.allowed" -}}
{{- $names := list -}}
{{- range $name, $kept := .Values.attributes -}}{{- if $kept -}}{{- $names = append $names ($name | quote) -}}{{- end -}}{{- end -}}
[{{ join ", " $names }}]
{{- end -}}

{{- define "tracing.config" -}}
{{- $s := .Values.sampling -}}
extensions:
  health_check: {endpoint: "0.0.0.0:13133"}
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "0.0.0.0:4317"}
      http: {endpoint: "0.0.0.0:4318"}
processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 75, spike_limit_percentage: 20}
  transform:
    # A span that cannot be stripped is dropped, not let through.
    error_mode: propagate
    trace_statements:
      - context: span
        statements:
          - keep_keys(span.attributes, {{ include "tracing.allowed" . }})
          # What an error says may quote what was asked.
          - set(span.status.message, "")
      - context: spanevent
        statements:
          # An exception's message and stack quote its arguments.
          - keep_keys(spanevent.attributes, ["exception.type"])
  tail_sampling:
    decision_wait: {{ $s.waitSeconds }}s
    num_traces: {{ $s.traces }}
    policies:
      # The gate sends this with every request of its smoke step, so that the trace that a verdict names can be looked at.
      - {name: gate, type: trace_state, trace_state: {key: leanrag, values: [smoke]}}
      - {name: errors, type: status_code, status_code: {status_codes: [ERROR]}}
      - {name: slow, type: latency, latency: {threshold_ms: {{ $s.slowMilliseconds }}}}
      - {name: some, type: probabilistic, probabilistic: {sampling_percentage: {{ $s.percent }}}}
  batch: {}
exporters:
  {{- if .Values.store.url }}
  otlphttp:
    endpoint: {{ .Values.store.url }}
    {{- with .Values.store.tenant }}
    headers: {X-Scope-OrgID: {{ . | quote }}}
    {{- end }}
    {{- if .Values.store.caConfigMap }}
    tls: {ca_file: /etc/otel-ca/{{ .Values.store.caKey }}}
    {{- end }}
  {{- else }}
  # Says how many spans there were, and nothing of them.
  debug: {verbosity: basic}
  {{- end }}
service:
  extensions: [health_check]
  telemetry:
    metrics:
      readers:
        # Without these three the names differ from those that the collector has by default.
        - pull: {exporter: {prometheus: {host: 0.0.0.0, port: 8888, without_type_suffix: true, without_units: true, without_scope_info: true}}}
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, transform, tail_sampling, batch]
      exporters: [{{ ternary "otlphttp" "debug" (ne .Values.store.url "") }}]
{{- end -}}
