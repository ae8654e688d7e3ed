/** Opens a stack for a command: environment file, documents, clients. */
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
import { withSecretFiles } from './env-files.ts';
import type { Io } from './io.ts';

/** Options that every command on a stack has. */
export interface StackOptions {
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
}

export interface Session extends Stack {
  readonly owner: Owner;
  readonly backends: Backends;
  readonly world: World;
}

/** Reads and checks the documents; speaks to no system. */
export async function openStack(options: StackOptions, io: Io): Promise<Stack> {
  const env = await environment(options, io);
  const dir = await resolveStack(options.stack ?? env['TENANTRY_STACK'] ?? 'dev', io.cwd);
  const { documents, catalog } = await loadAndCheck(dir);
  return { dir, documents, catalog, env, only: narrowed(options.tenant, documents) };
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
  options: StackOptions & {
    readonly readOnly?: boolean;
    /** True for what does not need Airbyte: its settings may be missing. */
    readonly withoutAirbyte?: boolean;
  },
  io: Io,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const stack = await openStack(options, io);
  const { platform } = stack.documents;
  const { settings, withoutAirbyte } = options.withoutAirbyte
    ? resolveWithoutAirbyte(platform, stack.env)
    : { settings: resolveSettings(platform, stack.env), withoutAirbyte: undefined };
  const owner = cliOwner(stack.documents.platform.metadata.name);
  const backends = await connect(settings, {
    env: stack.env,
    applicationName: `tenantry ${owner}`,
    readOnly: options.readOnly ?? false,
    withoutAirbyte,
  });
  try {
    // Who only reads has nothing to finish: the first Ctrl-C ends it.
    const signal = options.readOnly ? AbortSignal.any([io.stop, io.abort]) : io.abort;
    return await work({ ...stack, owner, backends, world: createWorld(backends, owner, signal) });
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
  documents: Documents,
): ReadonlySet<string> | undefined {
  if (!names || names.length === 0) return undefined;
  const known = documents.tenants.map((tenant) => tenant.metadata.name);
  for (const name of names) requireTenant(name, known);
  return new Set(names);
}

const LISTED = 20;

function tenantList(known: readonly string[]): string {
  if (known.length === 0) return 'it has no tenants yet: add a document of kind Tenant';
  const more = known.length - LISTED;
  return `tenants: ${known.slice(0, LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** @throws InvalidUsage with a suggestion when no document names the tenant */
export function requireTenant(name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const suggestion = nearest(name, known);
  throw new TenantryError('InvalidUsage', `there is no tenant "${name}" in this stack`, {
    hint: suggestion ? `did you mean "${suggestion}"?` : tenantList(known),
  });
}
