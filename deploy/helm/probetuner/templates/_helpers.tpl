{{- define "probetuner.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "probetuner.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 55 | trimSuffix "-" }}
{{- else }}
{{- $name := include "probetuner.name" . }}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 55 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "probetuner.selectorLabels" -}}
app.kubernetes.io/name: {{ include "probetuner.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "probetuner.labels" -}}
{{ include "probetuner.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "probetuner.serviceAccountName" -}}
{{- default (include "probetuner.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "probetuner.image" -}}
{{- $repository := required "image.repository is required: build the image, push it to a registry that your nodes can reach, and pass --set image.repository=REGISTRY/probetuner" .Values.image.repository }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" $repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- /* The identity that kubelets get to see. */}}
{{- define "probetuner.kubeletAccountName" -}}
{{- printf "%s-kubelet" (include "probetuner.fullname" .) }}
{{- end }}

{{- /* Whether the cluster has ValidatingAdmissionPolicy, "true" or nothing. By version, not by what the API server
       lists: `helm template` without a cluster knows no kinds, and would leave the policies out in silence. */}}
{{- define "probetuner.hasAdmissionPolicies" -}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version }}true{{ end }}
{{- end }}

{{- /* How the API server calls the operator. */}}
{{- define "probetuner.username" -}}
{{- printf "system:serviceaccount:%s:%s" .Release.Namespace (include "probetuner.serviceAccountName" .) }}
{{- end }}

{{- /* A binding of a role to a service account: dict of root, kind (of the binding), roleKind, suffix (of the role's
       name), account and, for a RoleBinding, namespace. */}}
{{- define "probetuner.binding" -}}
{{- $name := printf "%s-%s" (include "probetuner.fullname" .root) .suffix -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  name: {{ $name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "probetuner.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .roleKind }}
  name: {{ $name }}
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}

{{- /* A ClusterRoleBinding of a ClusterRole to the operator: list of the root context and the role's suffix. */}}
{{- define "probetuner.clusterRoleBinding" -}}
{{- $root := index . 0 }}
{{- include "probetuner.binding" (dict "root" $root "kind" "ClusterRoleBinding" "roleKind" "ClusterRole" "suffix" (index . 1) "account" (include "probetuner.serviceAccountName" $root)) }}
{{- end }}

{{- /* A RoleBinding to the operator: list of the root context, the role's kind and suffix, and the namespace. */}}
{{- define "probetuner.roleBinding" -}}
{{- $root := index . 0 }}
{{- include "probetuner.binding" (dict "root" $root "kind" "RoleBinding" "roleKind" (index . 1) "suffix" (index . 2) "namespace" (index . 3) "account" (include "probetuner.serviceAccountName" $root)) }}
{{- end }}
