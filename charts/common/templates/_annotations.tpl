{{/*
common.annotations.foreign: for an object whose CRD this chart does not install. Without it Argo CD's dry run fails
the whole sync on a fresh cluster, before any wave could have brought the CRD (argo-cd #6489, #15095).
Takes: nothing (pass the root context).
*/}}
{{- define "common.annotations.foreign" -}}
argocd.argoproj.io/sync-options: SkipDryRunOnMissingResource=true
{{- end -}}

{{/*
common.annotations.keep: for what holds data (PVC, Namespace, Subscription). Prune and Delete are two switches in
Argo CD, and only both together keep a volume (argo-cd #9853, #7124); IgnoreExtraneous keeps its Application from
being OutOfSync for ever once the object has left Git.
Takes: nothing (pass the root context).
*/}}
{{- define "common.annotations.keep" -}}
argocd.argoproj.io/sync-options: Prune=false,Delete=false
argocd.argoproj.io/compare-options: IgnoreExtraneous
{{- end -}}
