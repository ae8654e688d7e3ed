/** Settings of the injected sidecar: a YAML file, which in a cluster comes from a ConfigMap. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { InvalidDocumentsError, TenantryError } from '../../errors.ts';
import { documentName } from '../../spec/names.ts';
import { parseDocuments, validate } from '../../spec/yaml.ts';

/** Names of variables that hold secrets: their values come from a Secret, never from a ConfigMap. */
const SECRET_NAME = /(?:PASSWORD|PASSPHRASE|SECRET|SECRET_ID|TOKEN|PRIVATE_KEY|API_KEY|ACCESS_KEY)$/;

const anyMapping = z.record(z.string(), z.unknown());
const quantity = z.union([z.string(), z.number()]).transform(String);
const quantities = z.record(z.string(), quantity);
const absolutePath = z.string().regex(/^\/[^\s:]*$/, { error: 'must be an absolute path' });
const objectName = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, {
  error: 'must be the name of a Kubernetes object',
});

const envVar = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be the name of a variable' }),
    value: z.string().optional().describe('Its value; never a secret.'),
    valueFrom: anyMapping.optional().describe('Where it comes from, e.g. {secretKeyRef: {name, key}}.'),
  })
  .refine(({ value, valueFrom }) => (value === undefined) !== (valueFrom === undefined), {
    error: 'must have either value or valueFrom',
  })
  .refine(({ name, value }) => value === undefined || !SECRET_NAME.test(name), {
    error: 'a secret is never written here; put it into a Secret and name that in valueFrom.secretKeyRef',
  });

/** Kinds of volumes that Pod security `restricted` allows and that a sidecar has a use for. */
const SOURCES = ['configMap', 'secret', 'projected', 'downwardAPI', 'emptyDir', 'csi'] as const;

const volume = z
  .strictObject({
    name: documentName.describe('Name of the volume; the Pod must have none of this name.'),
    ...(Object.fromEntries(SOURCES.map((source) => [source, anyMapping.optional()])) as Record<
      (typeof SOURCES)[number],
      z.ZodOptional<typeof anyMapping>
    >),
  })
  .refine((value) => SOURCES.filter((source) => value[source] !== undefined).length === 1, {
    error: `must have exactly one of ${SOURCES.join(', ')}`,
  });

const volumeMount = z.strictObject({
  name: documentName.describe('Name of one of the volumes.'),
  mountPath: absolutePath,
  subPath: z.string().optional(),
  readOnly: z.boolean().default(true),
});

const settingsSchema = z.strictObject({
  image: z.string().min(1).describe('Image of Tenantry.'),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
  port: z
    .int()
    .min(1024)
    .max(65_535)
    .default(7250)
    .describe('Port of the sidecar on the loopback of the Pod. Default 7250.'),
  stack: z
    .strictObject({
      configMap: objectName.default('tenantry-stack'),
      integrations: z.array(documentName).default([]),
    })
    .prefault({})
    .describe(
      'ConfigMap in the namespace of the Pod: platform.yaml, and integration.{id}.yaml for each private catalog entry. Default: tenantry-stack, no entries.',
    ),
  documents: z
    .enum(['kubernetes', 'stack'])
    .default('kubernetes')
    .describe(
      'Where the sidecar reads Tenants and TenantIntegrations: the API server, or files that you mount below /etc/tenantry/tenants. Default kubernetes.',
    ),
  vaultToken: z
    .strictObject({
      audience: z.string().min(1),
      expirationSeconds: z.int().min(600).default(3600),
    })
    .optional()
    .describe(
      'A token of the service account of the Pod for Vault alone, at /var/run/secrets/tenantry/vault/token. Default: none.',
    ),
  env: z.array(envVar).default([]),
  envFrom: z.array(anyMapping).default([]),
  volumes: z.array(volume).default([]),
  volumeMounts: z.array(volumeMount).default([]),
  resources: z
    .strictObject({ requests: quantities.optional(), limits: quantities.optional() })
    .default({ requests: { cpu: '20m', memory: '96Mi' }, limits: { memory: '256Mi' } }),
  runAsUser: z
    .int()
    .min(1)
    .default(65_532)
    .describe(
      'User of the container; the image names its user by a word, which Kubernetes cannot judge. Default 65532.',
    ),
  readiness: z
    .enum(['listening', 'systems'])
    .default('listening')
    .describe(
      'When the Pod counts as ready: as soon as the sidecar listens, or only while Vault and Postgres answer too. Default listening: an outage of Vault should not take every application out of its Service.',
    ),
  node: absolutePath
    .default('/nodejs/bin/node')
    .describe('Node in the image, for the probes. Default /nodejs/bin/node.'),
  extraArgs: z.array(z.string()).default([]).describe('More arguments of `tenantry sidecar`.'),
});

/** As the file says, with the defaults filled in. Holds no secret. */
export type InjectSettings = z.output<typeof settingsSchema>;

/** @throws InvalidDocument with every mistake, MissingSetting when the file cannot be read */
export async function readInjectSettings(file: string): Promise<InjectSettings> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new TenantryError(
      'MissingSetting',
      `the settings of the injection cannot be read: ${file} (${cause.code})`,
      {
        cause,
        hint: 'mount the ConfigMap with injection.yaml; see docs/kubernetes/injection.md',
      },
    );
  });
  return parseInjectSettings(text, file);
}

/** @param file Named in messages. @throws InvalidDocument with every mistake */
export function parseInjectSettings(text: string, file = 'injection.yaml'): InjectSettings {
  const { documents, problems } = parseDocuments(file, text);
  const [document, second] = documents;
  if (problems.length > 0) throw new InvalidDocumentsError(problems);
  if (document === undefined || second !== undefined) {
    throw new InvalidDocumentsError([{ file, message: 'must hold one YAML document' }]);
  }
  const result = validate(settingsSchema, document);
  if (!result.ok) throw new InvalidDocumentsError(result.problems);
  const settings = result.value;
  const names = new Set(settings.volumes.map(({ name }) => name));
  const loose = settings.volumeMounts.find(({ name }) => !names.has(name));
  if (loose === undefined) return settings;
  const message = `there is no volume "${loose.name}" under volumes`;
  throw new InvalidDocumentsError([{ file, path: 'volumeMounts', message }]);
}
