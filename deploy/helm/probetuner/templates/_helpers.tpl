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

{{- /* The Deployment that is meant where one will do: that of the first shard, or the only one. */}}
{{- define "probetuner.deployment" -}}
{{ include "probetuner.fullname" . }}{{ if gt (int .Values.shards) 1 }}-1{{ end }}
{{- end }}

{{- define "probetuner.selectorLabels" -}}
app.kubernetes.io/name: {{ include "probetuner.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "probetuner.ownLabels" -}}
{{ include "probetuner.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* The labels and annotations of an object: dict of root and, where it has more of its own, labels and annotations.
       What the chart says wins over commonLabels and commonAnnotations. */}}
{{- define "probetuner.marks" -}}
{{- $own := merge (default dict .labels) (include "probetuner.ownLabels" .root | fromYaml) }}
labels:
  {{- toYaml (merge $own (default dict .root.Values.commonLabels)) | nindent 2 }}
{{- with merge (deepCopy (default dict .annotations)) (default dict .root.Values.commonAnnotations) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "probetuner.serviceAccountName" -}}
{{- default (include "probetuner.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "probetuner.image" -}}
{{- $repository := required "image.repository is required: build the image, push it to a registry that your nodes can reach, and pass --set image.repository=REGISTRY/probetuner" .Values.image.repository }}
{{- $repository = ternary (printf "%s/%s" .Values.image.registry $repository) $repository (not (empty .Values.image.registry)) }}
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

{{- /* A role, or a binding to one: dict of root, kind, suffix (of the name) and, for Role and RoleBinding, namespace. */}}
{{- define "probetuner.rbacHead" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  name: {{ include "probetuner.fullname" .root }}-{{ .suffix }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  {{- include "probetuner.marks" (dict "root" .root) | nindent 2 }}
{{- end }}

{{- /* A role and its binding to a service account: dict of root, suffix, rules, account (the operator's, if left out) and,
       where they hold in one namespace only, namespace. */}}
{{- define "probetuner.grantOnce" -}}
{{- $prefix := ternary "" "Cluster" (hasKey . "namespace") }}
{{- include "probetuner.rbacHead" (merge (dict "kind" (print $prefix "Role")) .) }}
rules:
  {{- .rules | nindent 2 }}
---
{{ include "probetuner.rbacHead" (merge (dict "kind" (print $prefix "RoleBinding")) .) }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $prefix }}Role
  name: {{ include "probetuner.fullname" .root }}-{{ .suffix }}
subjects:
  - kind: ServiceAccount
    name: {{ default (include "probetuner.serviceAccountName" .root) .account }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}

{{- /* The same in each of these namespaces, and in the whole cluster where there are none: dict of root, suffix, rules
       and namespaces. The names differ, since no upgrade can have a binding refer to another kind of role. */}}
{{- define "probetuner.grant" -}}
{{- $grant := pick . "root" "suffix" "rules" }}
{{- range .namespaces }}
{{- include "probetuner.grantOnce" (merge (dict "namespace" . "suffix" (print $grant.suffix "-namespaced")) $grant) }}
---
{{ else }}
{{- include "probetuner.grantOnce" $grant }}
{{- end }}
{{- end }}

{{- /* A security context as this cluster takes it: dict of root and context. */}}
{{- define "probetuner.securityContext" -}}
{{- $adapt := .root.Values.openshift.adaptSecurityContext }}
{{- if or (eq $adapt "force") (and (eq $adapt "auto") (.root.Capabilities.APIVersions.Has "security.openshift.io/v1")) }}
{{- toYaml (omit .context "runAsUser" "runAsGroup" "fsGroup") }}
{{- else }}
{{- toYaml .context }}
{{- end }}
{{- end }}

{{- /* The volume with the authority of the kubelets' certificates; nothing where it is the cluster's own. */}}
{{- define "probetuner.kubeletAuthority" -}}
{{- if .Values.kubelet.ca.configMap -}}
configMap:
  name: {{ .Values.kubelet.ca.configMap }}
{{- else if .Values.kubelet.ca.secret -}}
secret:
  secretName: {{ .Values.kubelet.ca.secret }}
{{- end }}
{{- end }}
