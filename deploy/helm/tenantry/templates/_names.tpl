{{/* Names and labels. */}}

{{- define "tenantry.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 characters, so that every name made from it fits into 63. */}}
{{- define "tenantry.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "tenantry.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "tenantry.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "tenantry.operator" -}}{{ include "tenantry.fullname" . }}-operator{{- end -}}
{{- define "tenantry.sidecar" -}}{{ include "tenantry.fullname" . }}-sidecar{{- end -}}

{{/* Objects without a namespace are shared by all releases of a cluster: their names hold the release's. */}}
{{- define "tenantry.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "tenantry.fullname" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* Takes (dict "root" $ "component" "operator"). */}}
{{- define "tenantry.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tenantry.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "tenantry.labels" -}}
{{ include "tenantry.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: tenantry
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "tenantry.operator.serviceAccount" -}}
{{- if .Values.operator.serviceAccount.create -}}
{{- default (include "tenantry.operator" .) .Values.operator.serviceAccount.name -}}
{{- else -}}
{{- required "operator.serviceAccount.name is required where operator.serviceAccount.create is false" .Values.operator.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "tenantry.sidecar.serviceAccount" -}}
{{- if .Values.sidecar.serviceAccount.create -}}
{{- default (include "tenantry.sidecar" .) .Values.sidecar.serviceAccount.name -}}
{{- else -}}
{{- required "sidecar.serviceAccount.name is required where sidecar.serviceAccount.create is false" .Values.sidecar.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Name of the operator in marks and claims; Tenantry's pattern for names holds for it. */}}
{{- define "tenantry.cluster" -}}
{{- required "cluster is required: the name of this operator in all that it makes, unique among those that share a Vault, e.g. --set cluster=prod" .Values.cluster -}}
{{- end -}}

{{/* The namespace that is watched; empty is all. */}}
{{- define "tenantry.scope" -}}
{{- if .Values.scope.namespaced -}}
{{- default .Release.Namespace .Values.scope.namespace -}}
{{- else if .Values.scope.namespace -}}
{{- fail "scope.namespace counts only with scope.namespaced: true" -}}
{{- end -}}
{{- end -}}

{{- define "tenantry.webhookSecret" -}}
{{- default (printf "%s-webhook" (include "tenantry.operator" .)) .Values.injection.certificate.existingSecret -}}
{{- end -}}
