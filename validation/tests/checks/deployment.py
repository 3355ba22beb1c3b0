"""A template of a Deployment with everything that makes lines hard to find, and what it renders."""

from typing import Any

TEMPLATE = """\
{{- /* A comment
of two lines */}}
{{- $labels := include "thing.labels" . }}
apiVersion: apps/v1
kind: Deployment
{{ include "thing.metadata" . }}
spec:
  replicas: {{ .Values.replicas }}
  {{- if .Values.single }}
  strategy: {type: Recreate}
  {{- else }}
  strategy:
    type: RollingUpdate
  {{- end }}
  template:
    metadata:
      labels:
        {{- $labels | nindent 8 }}
    spec:
      containers:
        - name: main
          image: {{ .Values.image.repository }}:{{ .Values.image.tag }}
          args: [--quiet]
          env:
            - name: MODE
              value: quiet
            {{- range $name, $value := .Values.settings }}
            - name: {{ $name }}
              value: {{ $value | quote }}
            {{- end }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
        {{- if .Values.helper }}
        - name: helper
          image: registry.example.org/helper:1.0
        {{- end }}
      volumes:
        {{- include "thing.volumes" . | nindent 8 }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-web
spec:
  ports:
  - port: 80
    targetPort: http
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-admin
spec:
  ports:
  - port: 90
"""
BODY: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "thing", "labels": {"app.kubernetes.io/name": "thing"}},
    "spec": {
        "replicas": 2,
        "strategy": {"type": "RollingUpdate"},
        "template": {
            "metadata": {"labels": {"app": "thing"}},
            "spec": {
                "containers": [
                    {
                        "name": "main",
                        "image": "r/x:latest",
                        "args": ["--quiet"],
                        "env": [{"name": "MODE", "value": "quiet"}, {"name": "LEVEL", "value": "8"}],
                        "resources": {"limits": {"memory": "8Gib"}},
                    },
                    {"name": "helper", "image": "registry.example.org/helper:1.0"},
                ],
                "volumes": [{"name": "data"}],
            },
        },
    },
}
MAIN = "spec.template.spec.containers[0]"
