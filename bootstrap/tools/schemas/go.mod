// Where the schemas of leanrag check come from. Nothing is built here: the modules are only downloaded, compared with
// go.sum, and read (leanrag/checks/sources.py names the files).
module example.org/tools/schemas

go 1.25.0

require (
	github.com/argoproj/argo-cd/v3 v3.2.11
	github.com/cert-manager/cert-manager v1.21.2
	github.com/external-secrets/external-secrets v1.3.2
	github.com/grafana/grafana-operator/v5 v5.24.0
	github.com/kedacore/keda/v2 v2.20.2
	github.com/kserve/kserve v0.20.0
	github.com/ogx-ai/ogx-k8s-operator v0.14.0
	github.com/openshift/api v0.0.0-20260610192510-1b2a074e0bd6
	github.com/operator-framework/api v0.45.0
	github.com/prometheus-operator/prometheus-operator v0.93.0
	k8s.io/kubernetes v1.34.4
	sigs.k8s.io/gateway-api v1.4.0
	sigs.k8s.io/gateway-api-inference-extension v1.6.0
	sigs.k8s.io/lws v0.8.0
)
