// Where the schemas of leanrag check come from. Nothing is built here: the modules are only downloaded, compared with
// go.sum, and read (leanrag/checks/sources.py names the files).
module example.org/tools/schemas

go 1.25.0

require (
	github.com/argoproj/argo-cd/v3 v3.2.11
	github.com/kserve/kserve v0.20.0
	github.com/ogx-ai/ogx-k8s-operator v0.14.0
	github.com/prometheus-operator/prometheus-operator v0.93.0
	k8s.io/kubernetes v1.34.4
)
