/** Sources and destinations as resource types; they differ in names only. */
import { z } from 'zod';
import { type ActorInputs, type ActorObserved, secretVersionOf } from '../../../resources/airbyte/actor.ts';
import type { Configuration } from '../../../resources/airbyte/configuration.ts';
import type { Kind, World } from '../../../resources/kind.ts';
import { parseMarkedName } from '../../../resources/mark.ts';
import { withSecretLeaves } from '../reference-text.ts';
import { type AnyResourceType, resourceType } from '../resource-type.ts';
import { hasUnknown } from '../wire.ts';
import { driftedConfiguration, unmaskedConfiguration } from './configuration.ts';
import {
  adopt,
  adoptId,
  airbyteName,
  importParts,
  kvPath,
  tenant,
  tenantOfWorkspace,
  workspaceId,
} from './fields.ts';
import { secretVersions } from './secret-versions.ts';

const inputs = z.strictObject({
  name: airbyteName,
  tenant,
  workspaceId,
  configuration: z
    .record(z.string(), z.unknown())
    .describe(
      'Settings of the connector with its type (a change of the type is a replacement). Secrets are references, ${VAULT:path:key} or ${ENV:NAME}.',
    ),
  secretVersion: z
    .array(z.string())
    .optional()
    .describe('Versions of the secrets in the configuration. Default: Vault is asked at each preview.'),
  absent: z
    .array(z.array(z.string().min(1)).min(1))
    .optional()
    .describe('Optional settings that must not be there, each as a path of keys.'),
  recordPath: kvPath.describe(
    'Path below the KV mount in whose metadata the version of what was sent is recorded, e.g. acme/notion.',
  ),
  adopt,
  adoptId,
});

type Inputs = z.output<typeof inputs>;

export interface ActorTypeOptions {
  readonly token: string;
  readonly description: string;
  readonly kind: Kind<ActorInputs, ActorObserved>;
  readonly path: '/sources' | '/destinations';
  readonly idField: 'sourceId' | 'destinationId';
  readonly typeField: 'sourceType' | 'destinationType';
  readonly importId: string;
  /** Numbers of parts that an import id may have. */
  readonly importLengths: readonly number[];
  /** What `secretVersion` was when the configuration was last sent; '' when it never was. */
  appliedVersion(recordPath: string, world: World): Promise<string>;
  /** Where the record of an imported object is; '' when nothing tells. */
  recordPath(parts: readonly string[], tenant: string, name: string): string;
}

export function actorType(options: ActorTypeOptions): AnyResourceType {
  const { kind, idField } = options;
  const record = (wanted: Inputs, world: World): Promise<string> =>
    options.appliedVersion(wanted.recordPath, world);

  return resourceType<Inputs, ActorInputs, ActorObserved>({
    token: options.token,
    description: options.description,
    kind,
    inputs,
    outputs: {
      [idField]: { type: 'string', description: 'The same as the id.' },
      appliedVersion: {
        type: 'string',
        description: 'Versions of the secrets that Airbyte was last given; empty when it never was.',
      },
    },
    replaces: ['tenant', 'workspaceId', `configuration.${options.typeField}`],
    // secretVersion is compared with what was sent, which the CLI or the sidecar may have done.
    uncompared: ['adopt', 'adoptId', 'secretVersion'],
    keys: ['name', 'tenant', 'workspaceId'],
    assignsId: true,
    importId: options.importId,
    name: (wanted) => wanted.name,
    tenant: (wanted) => wanted.tenant,

    async resolve(wanted, world) {
      const configuration = withSecretLeaves(wanted.configuration) as Configuration;
      const [secretVersion, appliedVersion] = await Promise.all([
        wanted.secretVersion ?? secretVersions(configuration, wanted.recordPath, world),
        record(wanted, world),
      ]);
      const { absent, adoptId: id, ...rest } = wanted;
      const optional = { ...(absent && { absent }), ...(id !== undefined && { adoptId: id }) };
      return { ...rest, ...optional, configuration, secretVersion, appliedVersion };
    },

    // It looks for name and workspace alone.
    observe: (wanted, world) => kind.observe(wanted as unknown as ActorInputs, world),

    async describe(wanted, observed, world) {
      return {
        id: observed?.id ?? '',
        outputs: { [idField]: observed?.id, appliedVersion: await record(wanted, world) },
      };
    },

    async refreshed(wanted, observed) {
      if (!observed) return undefined;
      const type = wanted.configuration[options.typeField];
      const found = driftedConfiguration(wanted.configuration, observed.configuration, wanted.absent);
      return {
        ...wanted,
        name: parseMarkedName(observed.name).base,
        // Airbyte tells the connector's type beside the configuration.
        configuration: type === undefined ? found : { [options.typeField]: type, ...found },
      };
    },

    async imported(id, world) {
      const parts = importParts(id, options.importId, options.importLengths);
      const actorId = parts.at(-1) ?? '';
      const found = await world.airbyte.get<ImportedActor>(`${options.path}/${actorId}`, {}, world);
      if (!found) return undefined;
      const { base, mark } = parseMarkedName(found.name);
      const of =
        (parts.length > 1 ? parts[0] : mark?.tenant) ?? (await tenantOfWorkspace(found.workspaceId, world));
      const type = found[options.typeField];
      return {
        name: base,
        tenant: of,
        workspaceId: found.workspaceId,
        configuration: {
          ...(type !== undefined && { [options.typeField]: type }),
          ...(unmaskedConfiguration(found.configuration) as Record<string, unknown>),
        },
        recordPath: options.recordPath(parts, of, base),
        adopt: !mark,
        ...(mark ? {} : { adoptId: actorId }),
      };
    },

    async changedOutputs(wanted, outputs, world) {
      if (hasUnknown(wanted.secretVersion)) return ['appliedVersion'];
      if (wanted.secretVersion === undefined && hasUnknown(wanted.configuration)) return [];
      if (hasUnknown(wanted.recordPath)) return [];
      const { secretVersion, appliedVersion } = await this.resolve(wanted, world);
      const version = secretVersionOf({ secretVersion } as ActorInputs);
      return version === outputs['appliedVersion'] || version === appliedVersion ? [] : ['appliedVersion'];
    },

    unsettled: () => ['appliedVersion'],
  });
}

type ImportedActor = {
  readonly name: string;
  readonly workspaceId: string;
  readonly configuration: unknown;
} & { readonly [K in 'sourceType' | 'destinationType']?: string };
