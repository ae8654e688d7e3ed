/** Values that between them switch everything in the chart on and off. */
import type { Values } from './helm-chart.ts';

const PLATFORM = {
  vault: {
    address: 'https://vault.example.com:8200',
    auth: { method: 'kubernetes', role: 'tenantry-operator' },
  },
  postgres: { host: 'db.example.com', user: 'tenantry', password: '${ENV:PGPASSWORD}' },
  airbyte: { url: 'https://airbyte.example.com/api/public/v1' },
  sidecar: {
    url: 'https://connect.example.com',
    limits: { proxyBodyBytes: 2_147_483_648 },
    callers: { kubernetes: { serviceAccounts: [{ namespace: 'acme' }] } },
  },
  apps: {
    notion: {
      clientId: '${ENV:NOTION_CLIENT_ID}',
      clientSecret: '${VAULT:secret/data/_platform/apps:notion}',
    },
  },
};

const WITH_SECRETS = {
  cluster: 'prod',
  platform: PLATFORM,
  vaultToken: { audience: 'vault' },
  env: { VAULT_CACERT: '/etc/vault-ca/ca.crt', PGPORT: 5432, TENANTRY_BIG: 123_456_789 },
  extraVolumes: [{ name: 'vault-ca', configMap: { name: 'vault-ca' } }],
  extraVolumeMounts: [{ name: 'vault-ca', mountPath: '/etc/vault-ca', readOnly: true }],
  imagePullSecrets: [{ name: 'registry' }],
  image: { repository: 'registry.example.com/tenantry', digest: `sha256:${'a'.repeat(64)}` },
  operator: {
    secretEnv: { PGPASSWORD: { name: 'tenantry-postgres', key: 'password' } },
    envFrom: [
      { secretRef: { name: 'tenantry-airbyte' } },
      { configMapRef: { name: 'proxies', optional: true } },
    ],
    podAnnotations: { 'example.com/note': 'seen' },
    podLabels: { team: 'platform' },
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'dedicated', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule' },
    ],
    priorityClassName: 'system-cluster-critical',
    extraArgs: ['--context', 'none'],
  },
  sidecar: {
    platform: { vault: { auth: { role: 'tenantry-sidecar' } } },
    env: { TENANTRY_PGUSER: 'tenantry_app', PGUSER: 'tenantry_app' },
    secretEnv: { TENANTRY_PGPASSWORD: { name: 'tenantry-sidecar', key: 'password' } },
    tokenReview: { enabled: true },
    service: { type: 'LoadBalancer', port: 443, annotations: { 'example.com/lb': 'internal' } },
  },
  catalog: { 'my-crm': { displayName: 'My CRM', weight: 10_000_000 } },
} as const;

export const MATRIX: Readonly<Record<string, Values>> = {
  'the least that is needed': { cluster: 'prod' },
  'secrets of the user, a private catalog and every place of a pod': WITH_SECRETS,
  'another namespace only': {
    cluster: 'prod',
    scope: { namespaced: true, namespace: 'team-a' },
    injection: { enabled: true },
  },
  'its own namespace only, and the CRDs from elsewhere': {
    cluster: 'prod',
    scope: { namespaced: true },
    crds: { install: false },
  },
  'no sidecar': {
    cluster: 'prod',
    sidecar: { enabled: false },
    monitoring: {
      serviceMonitor: { enabled: true },
      prometheusRule: { enabled: true },
      dashboards: { enabled: true },
    },
  },
  'monitoring and labels of everything': {
    cluster: 'prod',
    commonLabels: { 'example.com/cost-centre': '42' },
    rbac: { aggregateToDefaultRoles: true },
    monitoring: {
      serviceMonitor: {
        enabled: true,
        labels: { release: 'prometheus' },
        sidecarToken: { name: 'tenantry-metrics', key: 'token' },
      },
      prometheusRule: { enabled: true, ruleLabels: { team: 'platform' }, disabled: ['TenantryDrift'] },
      dashboards: { enabled: true, annotations: { folder: 'Tenantry' } },
    },
  },
  'injection with a certificate of cert-manager': {
    cluster: 'prod',
    injection: {
      enabled: true,
      certificate: { certManager: { issuerRef: { kind: 'ClusterIssuer', name: 'ca' } } },
    },
  },
  'injection with a certificate of the user': {
    cluster: 'prod',
    injection: {
      enabled: true,
      failurePolicy: 'Ignore',
      namespaceSelector: { matchLabels: { team: 'platform' } },
      certificate: {
        certManager: { enabled: false },
        existingSecret: 'webhook-tls',
        caBundle: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
      },
    },
  },
  'bounded egress, one replica, the user’s accounts': {
    cluster: 'prod',
    fullnameOverride: 'a-name-that-is-longer-than-any-sensible-release-would-be-called',
    podSecurityContext: { runAsUser: null, runAsGroup: null, fsGroup: null },
    networkPolicy: {
      metricsFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      clientsFrom: [{ podSelector: { matchLabels: { app: 'shop' } } }],
      egress: { enabled: true, rules: [{ ports: [{ port: 8200 }, { port: 5432 }] }] },
    },
    operator: {
      replicas: 1,
      serviceAccount: { create: false, name: 'own' },
      podDisruptionBudget: { enabled: false },
    },
    sidecar: { replicas: 1, migrate: 'start', serviceAccount: { annotations: { 'example.com/role': 'a' } } },
  },
  'no network policies and no migration': {
    cluster: 'prod',
    networkPolicy: { enabled: false },
    sidecar: { migrate: 'none', podDisruptionBudget: { maxUnavailable: '50%' } },
  },
};
