/** Opens a stack for a command: environment file, documents from files or a cluster, clients. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { Catalog } from '../catalog/entry.ts';
import { type Backends, connect } from '../clients/connect.ts';
import { resolveSettings, resolveWithoutAirbyte } from '../clients/settings.ts';
import { TenantryError } from '../errors.ts';
import { createWorld } from '../reconcile/run.ts';
import type { World } from '../resources/kind.ts';
import { cliOwner, type Owner } from '../resources/mark.ts';
import type { Documents } from '../spec/documents.ts';
import { resolveStack } from '../spec/load.ts';
import { loadAndCheck } from '../spec/stack.ts';
import { nearest } from '../spec/suggest.ts';
import type { ClusterDocuments, ClusterQuery } from './cluster-documents.ts';
import { clusterPlaceOf, type DocumentsOptions } from './documents-option.ts';
import { withSecretFiles } from './env-files.ts';
import { count } from './format/show.ts';
import type { Io } from './io.ts';

/** Options that every command on a stack has. */
export interface StackOptions extends DocumentsOptions {
  readonly stack?: string;
  readonly tenant?: readonly string[];
  readonly envFile?: string;
  readonly output: 'text' | 'json';
}

export interface Stack {
  readonly dir: string;
  readonly documents: Documents;
  readonly catalog: Catalog;
  readonly env: NodeJS.ProcessEnv;
  /** Tenants that the command is narrowed to. */
  readonly only: ReadonlySet<string> | undefined;
  readonly owner: Owner;
  /** Where the documents were read. What they stand for in a cluster is the operator's to make. */
  readonly source: 'files' | 'kubernetes';
  /** Of documents in a cluster: why a Tenant, or the TenantIntegration of one, is not among them. */
  readonly refusal?: ClusterDocuments['refusal'];
}

export interface Session extends Stack {
  readonly backends: Backends;
  readonly world: World;
}

export interface OpenOptions extends StackOptions {
  /** True for who compares all of a tenant and changes nothing; it counts for documents in a cluster. */
  readonly forPlan?: boolean;
  /** True for what does not need Airbyte: its settings, and the OAuth apps that only its sources need, may be missing. */
  readonly withoutAirbyte?: boolean;
  /** What `environment` gave, for who has asked already. Default: it is read here. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Reads and checks the documents; speaks to no system but, where they are there, the API server. */
export async function openStack(options: OpenOptions, io: Io): Promise<Stack> {
  const env = options.env ?? (await environment(options, io));
  const dir = await resolveStack(options.stack ?? env['TENANTRY_STACK'] ?? 'dev', io.cwd);
  const place = clusterPlaceOf(options, env);
  if (place !== undefined) return await openCluster({ dir, env, place }, options, io);
  const { documents, catalog } = await loadAndCheck(dir, { makesSources: !options.withoutAirbyte });
  const only = narrowed(options.tenant, { documents });
  const owner = cliOwner(documents.platform.metadata.name);
  return { dir, documents, catalog, env, only, owner, source: 'files' };
}

async function openCluster(
  where: Pick<ClusterQuery, 'dir' | 'env' | 'place'>,
  { forPlan = false, tenant }: OpenOptions,
  io: Io,
): Promise<Stack> {
  // Other commands shall not pay for loading it.
  const { readCluster } = await import('./cluster-documents.ts');
  const signal = AbortSignal.any([io.stop, io.abort]);
  const cluster = await readCluster({ ...where, signal, forPlan });
  if (forPlan && tenant === undefined && cluster.leftOut > 0) {
    io.err(`left out: ${count(cluster.leftOut, 'object')} with mistakes; the status says which\n`);
  }
  const names = cluster.documents.tenants.map(({ metadata }) => metadata.name);
  // What is in the systems and in no document here may belong to another namespace.
  const all = forPlan ? new Set(names) : undefined;
  const only = narrowed(tenant, cluster) ?? all;
  return { dir: where.dir, env: where.env, ...cluster, only, source: 'kubernetes' };
}

/** The process's environment, with the values of --env-file over it and secrets read from NAME_FILE. */
export async function environment(
  options: Pick<StackOptions, 'envFile'>,
  io: Pick<Io, 'env' | 'cwd'>,
): Promise<NodeJS.ProcessEnv> {
  if (options.envFile === undefined) return withSecretFiles(io.env);
  return withSecretFiles({ ...io.env, ...(await readEnvFile(options.envFile, io.cwd)) });
}

/** Opens the stack and its clients, hands them to `work`, and closes them whatever happens. */
export async function withSession<T>(
  options: OpenOptions & {
    readonly readOnly?: boolean;
  },
  io: Io,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const stack = await openStack(options, io);
  const { platform } = stack.documents;
  const { settings, withoutAirbyte } = options.withoutAirbyte
    ? resolveWithoutAirbyte(platform, stack.env)
    : { settings: resolveSettings(platform, stack.env), withoutAirbyte: undefined };
  const { owner } = stack;
  const backends = await connect(settings, {
    env: stack.env,
    applicationName: `tenantry ${owner}`,
    readOnly: options.readOnly ?? false,
    withoutAirbyte,
  });
  try {
    // Who only reads has nothing to finish: the first Ctrl-C ends it.
    const signal = options.readOnly ? AbortSignal.any([io.stop, io.abort]) : io.abort;
    return await work({ ...stack, backends, world: createWorld(backends, owner, signal) });
  } finally {
    await backends.close();
  }
}

async function readEnvFile(file: string, cwd: string): Promise<NodeJS.Dict<string>> {
  try {
    return parseEnv(await readFile(resolve(cwd, file), 'utf8'));
  } catch (cause) {
    throw new TenantryError(
      'InvalidUsage',
      `cannot read the environment file ${file}: ${(cause as Error).message}`,
      {
        cause,
        hint: 'pass --env-file with a file of NAME=value lines; `tenantry dev` writes one and prints its path',
      },
    );
  }
}

function narrowed(
  names: readonly string[] | undefined,
  stack: Pick<Stack, 'documents' | 'refusal'>,
): ReadonlySet<string> | undefined {
  if (!names || names.length === 0) return undefined;
  for (const name of names) requireTenant(name, stack);
  return new Set(names);
}

const LISTED = 20;

function tenantList(known: readonly string[]): string {
  if (known.length === 0) return 'it has no tenants yet: add a document of kind Tenant';
  const more = known.length - LISTED;
  return `tenants: ${known.slice(0, LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/**
 * @throws InvalidUsage with a suggestion when no document names the tenant; what is wrong with its document where there
 * is one that cannot be used
 */
export function requireTenant(
  name: string,
  { documents, refusal }: Pick<Stack, 'documents' | 'refusal'>,
): void {
  const known = documents.tenants.map((tenant) => tenant.metadata.name);
  if (known.includes(name)) return;
  const refused = refusal?.(name);
  if (refused !== undefined) throw refused;
  const suggestion = nearest(name, known);
  throw new TenantryError('InvalidUsage', `there is no tenant "${name}" in this stack`, {
    hint: suggestion ? `did you mean "${suggestion}"?` : tenantList(known),
  });
}
