{{/*
openshift-ai.since: the release that brought a component, or a part of one (opendatahub-operator v3.0.0 to v3.5.0,
api/datasciencecluster/v2 and api/components/v1alpha1).
*/}}
{{- define "openshift-ai.since" -}}
components:
  aigateway: "3.5"
  aipipelines: "3.0"
  dashboard: "3.0"
  feastoperator: "3.0"
  kserve: "3.0"
  kueue: "3.0"
  llamastackoperator: "3.0"
  mcplifecycleoperator: "3.5"
  mlflowoperator: "3.2"
  modelregistry: "3.0"
  ogx: "3.5"
  ray: "3.0"
  sparkoperator: "3.4"
  trainer: "3.2"
  trainingoperator: "3.0"
  trustyai: "3.0"
  workbenches: "3.0"
kserve:
  llmInferenceServiceTLS: "3.5"
  modelCache: "3.5"
  modelsAsService: "3.3"
  wva: "3.4"
{{- end -}}

{{/*
openshift-ai.flags: the dashboard's switches by the release that brought them (odh-dashboard v3.0.0, v3.2.0 to v3.5.0, its CRD; there is
no v3.1.0). None was taken away. `frozen` are those that may not be set any more, and since when.
*/}}
{{- define "openshift-ai.flags" -}}
"3.0":
  [disableAcceleratorProfiles, disableAdminConnectionTypes, disableBYONImageStream, disableClusterManager, disableCustomServingRuntimes,
   disableDistributedWorkloads, disableFeatureStore, disableHardwareProfiles, disableHome, disableISVBadges, disableInfo, disableKServe,
   disableKServeAuth, disableKServeMetrics, disableKServeRaw, disableKueue, disableLMEval, disableModelCatalog, disableModelMesh,
   disableModelRegistry, disableModelRegistrySecureDB, disableModelServing, disableNIMModelServing, disablePerformanceMetrics,
   disablePipelines, disableProjectScoped, disableProjectSharing, disableProjects, disableServingRuntimeParams, disableStorageClasses,
   disableSupport, disableTracking, disableTrustyBiasMetrics, disableUserManagement, enablement]
"3.2":
  [disableFineTuning, genAiStudio, mlflow, modelAsService, trainingJobs]
"3.3":
  [disableLLMd, observabilityDashboard, projectRBAC]
"3.4":
  [aiAssetCustomEndpoints, automl, autorag, deploymentWizardYAMLViewer, externalVectorStores, llmGatewayField, maasAuthPolicies,
   mcpCatalog, promptManagement, vLLMDeploymentOnMaaS]
"3.5":
  [agentConfigManagement, agentOps, agentsCatalog, connectionTest, externalModels, featureStoreAdmin, genAiTracing,
   globalProjectPrompts, gpuaas, guardrails, mcpRegistry, roleManagement, toolCalling]
frozen:
  disableAcceleratorProfiles: "3.0"
  disableHardwareProfiles: "3.0"
  disableFineTuning: "3.2"
  mlflow: "3.4"
  maasAuthPolicies: "3.5"
{{- end -}}

{{/*
openshift-ai.components: every component that the release has, with its state, as a map in JSON. Each is written out, so that what
somebody switches on by hand is drift.
Takes: the root context.
*/}}
{{- define "openshift-ai.components" -}}
{{- $states := dict -}}
{{- range $name, $since := (include "openshift-ai.since" . | fromYaml).components -}}
{{- if include "common.rhoai" (dict "ctx" $ "since" $since) -}}
{{- $_ := set $states $name (index $.Values.components $name | default "Removed") -}}
{{- end -}}
{{- end -}}
{{- if not .Values.components.kueue -}}
{{- $_ := set $states "kueue" (ternary "Unmanaged" "Removed" (has "kueue" ((.Values.cluster | default dict).features | default list))) -}}
{{- end -}}
{{- if and (eq .Values.kserve.modelsAsService "Managed") (include "common.rhoai" (dict "ctx" $ "since" "3.5")) -}}
{{- $_ := set $states "aigateway" "Managed" -}}
{{- end -}}
{{- toJson $states -}}
{{- end -}}
