{{/* What the pods of the operator, the sidecar and the migration share. */}}

{{- define "tenantry.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Fixed: Pod Security Standards, profile restricted. */}}
{{- define "tenantry.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "tenantry.podSecurityContext" -}}
{{- $fixed := dict "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.podSecurityContext) $fixed) -}}
{{- end -}}

{{/* Takes (dict "parts" (list .Values .Values.operator)); later parts win. */}}
{{- define "tenantry.env" -}}
{{- $plain := dict -}}
{{- $secret := dict -}}
{{- range .parts -}}
{{- range $name, $value := .env -}}
{{- if regexMatch "(PASSWORD|PASSPHRASE|SECRET|SECRET_ID|TOKEN|PRIVATE_KEY|API_KEY|ACCESS_KEY)$" $name -}}
{{- fail (printf "env.%s: a secret is never written into values; put it into a Secret and name that in secretEnv.%s: {name, key}" $name $name) -}}
{{- end -}}
{{- $_ := set $plain $name $value -}}
{{- $_ := unset $secret $name -}}
{{- end -}}
{{- range $name, $from := .secretEnv -}}
{{- $_ := set $secret $name $from -}}
{{- $_ := unset $plain $name -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := $plain }}
- name: {{ $name }}
  # As JSON, because Go writes large numbers otherwise.
  value: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
{{- end }}
{{- range $name, $from := $secret }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.name }}
      key: {{ $from.key }}
{{- end }}
{{- end -}}

{{/* So that a command in the pod finds what the program itself is told by its arguments. */}}
{{- define "tenantry.commandEnv" -}}
env:
  TENANTRY_STACK: /etc/tenantry
  TENANTRY_DOCUMENTS: kubernetes
  {{- with include "tenantry.scope" . }}
  TENANTRY_NAMESPACE: {{ . }}
  {{- end }}
{{- end -}}

{{/* Takes (dict "root" $), and the volumes (dict "root" $ "stack" "operator" "withInjection" true). */}}
{{- define "tenantry.volumeMounts" -}}
- name: stack
  mountPath: /etc/tenantry
  readOnly: true
{{- if .root.Values.vaultToken.audience }}
- name: vault-token
  mountPath: /var/run/secrets/tenantry/vault
  readOnly: true
{{- end }}
{{- with .root.Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "tenantry.volumes" -}}
- name: stack
  configMap:
    name: {{ include "tenantry.fullname" .root }}-{{ .stack }}-stack
    items:
      - key: platform.yaml
        path: platform.yaml
      {{- if and .withInjection .root.Values.injection.enabled }}
      - key: injection.yaml
        path: injection.yaml
      {{- end }}
      {{- range $id, $_ := .root.Values.catalog }}
      - key: integration.{{ $id }}.yaml
        path: integrations/{{ $id }}.yaml
      {{- end }}
{{- if .root.Values.vaultToken.audience }}
- name: vault-token
  projected:
    sources:
      - serviceAccountToken:
          audience: {{ .root.Values.vaultToken.audience | quote }}
          expirationSeconds: {{ .root.Values.vaultToken.expirationSeconds }}
          path: token
{{- end }}
{{- with .root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Takes (dict "root" $ "component" "operator"): where the pods of a Deployment may run. */}}
{{- define "tenantry.scheduling" -}}
{{- $own := get .root.Values .component -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Without own constraints the replicas are spread over the nodes as far as that is possible. */}}
{{- define "tenantry.spread" -}}
{{- $labels := dict "matchLabels" (fromYaml (include "tenantry.selectorLabels" .)) -}}
{{- $usual := list (dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway") -}}
{{- $own := get .root.Values .component -}}
topologySpreadConstraints:
  {{- range default $usual $own.topologySpreadConstraints }}
  - {{- toYaml (merge (deepCopy .) (dict "labelSelector" $labels)) | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* The Platform document. Takes (dict "root" $ "spec" $spec). */}}
{{- define "tenantry.stackData" -}}
{{- $spec := deepCopy .spec -}}
{{- $auth := dig "vault" "auth" (dict) $spec -}}
{{- if and .root.Values.vaultToken.audience (eq (get $auth "method") "kubernetes") (not (hasKey $auth "tokenFile")) -}}
{{- $_ := set $auth "tokenFile" "/var/run/secrets/tenantry/vault/token" -}}
{{- end -}}
platform.yaml: |
  apiVersion: tenantry.dev/v1alpha1
  kind: Platform
  metadata:
    name: {{ include "tenantry.cluster" .root | quote }}
  spec:
    {{- toYaml $spec | nindent 4 }}
{{- range $id, $entry := .root.Values.catalog }}
integration.{{ $id }}.yaml: |
  {{- toYaml $entry | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "tenantry.operator.stackData" -}}
{{- include "tenantry.stackData" (dict "root" . "spec" .Values.platform) -}}
{{- end -}}

{{- define "tenantry.injectionSettings" -}}
{{- $usual := dict "image" (include "tenantry.image" .) "imagePullPolicy" .Values.image.pullPolicy -}}
{{- toYaml (merge (deepCopy .Values.injection.settings) $usual) -}}
{{- end -}}

{{- define "tenantry.sidecar.stackData" -}}
{{- $spec := mergeOverwrite (deepCopy .Values.platform) (deepCopy .Values.sidecar.platform) -}}
{{- include "tenantry.stackData" (dict "root" . "spec" $spec) -}}
{{- end -}}
