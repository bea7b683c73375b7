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

{{- /* A ClusterRoleBinding of the role NAME to the operator: list of the root context and the role's suffix. */}}
{{- define "probetuner.clusterRoleBinding" -}}
{{- $root := index . 0 }}
{{- $role := printf "%s-%s" (include "probetuner.fullname" $root) (index . 1) -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ $role }}
  labels:
    {{- include "probetuner.labels" $root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ $role }}
subjects:
  - kind: ServiceAccount
    name: {{ include "probetuner.serviceAccountName" $root }}
    namespace: {{ $root.Release.Namespace }}
{{- end }}
