// The older of the two Kubernetes minors that leanrag check knows (leanrag/checks/worlds.py). Nothing is built here: the
// module is only downloaded, compared with go.sum, and its OpenAPI read.
module example.org/tools/schemas-1.32

go 1.25.0

require (
	k8s.io/kubernetes v1.32.13
)
