{{- define "cardea.name" -}}
{{- contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "cardea.selector" -}}
app.kubernetes.io/name: cardea
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "cardea.labels" -}}
{{ include "cardea.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "cardea.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "cardea.pod" -}}
automountServiceAccountToken: false
# Otherwise Kubernetes sets CARDEA_PORT and other variables for a Service named cardea, which are settings to Cardea.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "cardea.container" -}}
image: {{ include "cardea.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- /* Environment of a container, whose secrets are files of the given Secret. */ -}}
{{- define "cardea.env" -}}
- name: CARDEA_ISSUER
  value: {{ .root.Values.issuer | quote }}
{{- range $name, $key := .secret.files }}
- name: {{ $name }}_FILE
  value: /etc/cardea/secrets/{{ $key }}
{{- end }}
{{- with .root.Values.authorities }}
{{- if .configMap }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/cardea/authorities/{{ .key }}
{{- end }}
{{- end }}
{{- end }}

{{- define "cardea.mounts" -}}
- name: secrets
  mountPath: /etc/cardea/secrets
  readOnly: true
{{- if .root.Values.authorities.configMap }}
- name: authorities
  mountPath: /etc/cardea/authorities
  readOnly: true
{{- end }}
{{- end }}

{{- define "cardea.volumes" -}}
- name: secrets
  secret:
    secretName: {{ .secret.name }}
    # Read by the group of the user, and by no one else.
    defaultMode: 0440
    items:
      {{- range $name, $key := .secret.files }}
      - key: {{ $key }}
        path: {{ $key }}
      {{- end }}
{{- if .root.Values.authorities.configMap }}
- name: authorities
  configMap:
    name: {{ .root.Values.authorities.configMap }}
{{- end }}
{{- end }}
