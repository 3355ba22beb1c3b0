// The definition of the ArgoCD resource, against which bootstrap/openshift is tested. Nothing is built here.
module example.org/tools/argocd-operator

go 1.25.0

require github.com/argoproj-labs/argocd-operator v0.18.0
