/** CustomResourceDefinitions of Tenant and TenantIntegration, made from the same schemas as everything else. */
import { stringify } from 'yaml';
import { NAME_IS_NO_TOKEN } from './cel.ts';
import type { CelRule } from './fields.ts';
import { integrationSpec } from './integration.ts';
import { GENERATED, type GeneratedFile, inputSchema, type JsonSchema } from './json-schema.ts';
import { DOCUMENT_NAME_PATTERN, loaderRole, POSTGRES_NAME_BYTES, readerRole } from './names.ts';
import { integrationStatus, tenantStatus } from './status-schema.ts';
import { structural } from './structural-schema.ts';
import { tenantSpec } from './tenant.ts';

const GROUP = 'tenantry.dev';
const VERSION = 'v1alpha1';

interface Definition {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly description: string;
  readonly spec: JsonSchema;
  readonly status: JsonSchema;
  readonly rules: readonly CelRule[];
  readonly columns: readonly JsonSchema[];
  /** Fields that `kubectl get --field-selector` and a watch can choose by. */
  readonly selectable: readonly string[];
}

/** `tenantry.dev_tenants.yaml` and `tenantry.dev_tenantintegrations.yaml`. */
export function crdFiles(): GeneratedFile[] {
  return [tenant(), integration()].map((definition) => ({
    name: `${GROUP}_${definition.plural}.yaml`,
    text: `# ${GENERATED}\n${stringify(resource(definition), { lineWidth: 0, aliasDuplicateObjects: false })}`,
  }));
}

const READY = [
  column('Ready', '.status.conditions[?(@.type=="Ready")].status'),
  column('Reason', '.status.conditions[?(@.type=="Ready")].reason'),
];
const LAST = [
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  column('Message', '.status.conditions[?(@.type=="Ready")].message', 1),
];

function tenant(): Definition {
  return {
    kind: 'Tenant',
    plural: 'tenants',
    shortName: 'tnt',
    description: 'A customer of the product, with its own key, schema and policies.',
    spec: structural(inputSchema(tenantSpec, { kubernetes: true })),
    status: tenantStatus,
    rules: tenantRules(),
    selectable: [],
    columns: [...READY, column('Schema', '.status.schema', 1), ...LAST],
  };
}

function integration(): Definition {
  return {
    kind: 'TenantIntegration',
    plural: 'tenantintegrations',
    shortName: 'tint',
    description: 'A tenant connected to a third-party service.',
    spec: structural(inputSchema(integrationSpec, { kubernetes: true })),
    status: integrationStatus,
    rules: [NAME_IS_NO_TOKEN],
    selectable: ['.spec.tenant', '.spec.integration'],
    columns: [
      column('Tenant', '.spec.tenant'),
      column('Integration', '.spec.integration'),
      ...READY,
      column('Credential', '.status.credential.state'),
      { ...column('Last Sync', '.status.lastSync.startTime'), type: 'date' },
      // Not of type date, which kubectl shows as an age.
      column('Next Sync', '.status.nextSyncTime', 1),
      ...LAST,
    ],
  };
}

/** A column of `kubectl get`; priority 1 shows it with `-o wide` only. */
function column(name: string, jsonPath: string, priority = 0): JsonSchema {
  return { name, type: 'string', jsonPath, ...(priority === 0 ? {} : { priority }) };
}

/** The schema's name follows from two fields, so these rules stand at the top of the document. */
function tenantRules(): CelRule[] {
  const schema = (self: string): string =>
    `(has(${self}.spec.database) && has(${self}.spec.database.schema) ? ${self}.spec.database.schema : ` +
    `'tenant_' + ${self}.metadata.name.replace('-', '_'))`;
  const suffix = Math.max(loaderRole('').length, readerRole('').length);
  const most = POSTGRES_NAME_BYTES - suffix;
  return [
    NAME_IS_NO_TOKEN,
    {
      rule: `${schema('self')}.size() <= ${most}`,
      message: `the schema's name must have at most ${most} bytes, so that its roles fit into Postgres' ${POSTGRES_NAME_BYTES}; shorten the name or set spec.database.schema`,
    },
    {
      rule: `${schema('self')} == ${schema('oldSelf')}`,
      message: 'spec.database.schema cannot be changed; make a new Tenant instead',
    },
  ];
}

function resource(definition: Definition): JsonSchema {
  const { kind, plural, shortName, columns, selectable } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['tenantry'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          ...(selectable.length === 0
            ? {}
            : { selectableFields: selectable.map((jsonPath) => ({ jsonPath })) }),
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: documentSchema(definition) },
        },
      ],
    },
  };
}

function documentSchema({ description, spec, status, rules }: Definition): JsonSchema {
  return {
    type: 'object',
    description,
    required: ['spec'],
    ...(rules.length === 0 ? {} : { 'x-kubernetes-validations': rules }),
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      // Of metadata a definition may restrict the name only; Kubernetes checks the rest itself.
      metadata: {
        type: 'object',
        properties: { name: { type: 'string', maxLength: 63, pattern: DOCUMENT_NAME_PATTERN.source } },
      },
      spec,
      status,
    },
  };
}
