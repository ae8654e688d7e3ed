/** Loads the files of a kubeconfig into the library's KubeConfig, with what the library leaves out. */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';

/** A user's fields that are looked at here. */
export interface RawUser {
  token?: string;
  tokenFile?: string;
  'auth-provider'?: unknown;
  exec?: { command?: string; [field: string]: unknown };
  readonly as?: string;
  readonly 'as-uid'?: string;
  readonly 'as-groups'?: readonly string[];
  readonly 'as-user-extra'?: Readonly<Record<string, readonly string[]>>;
}

interface RawConfig {
  readonly users?: readonly { readonly name?: string; readonly user?: RawUser }[];
}

/** The files are wrong, not the login. */
export class ConfigError extends Error {}

export interface Loaded {
  readonly config: KubeConfig;
  /** By name. */
  readonly users: ReadonlyMap<string, RawUser>;
}

/** Merged as kubectl does: what a file before has, stays. @throws ConfigError */
export function loadFiles(files: readonly string[]): Loaded {
  const users = new Map<string, RawUser>();
  const whole = new KubeConfig();
  for (const file of files) {
    const folder = dirname(resolve(file));
    const one = new KubeConfig();
    try {
      const raw = readRaw(file, folder);
      for (const { name = '', user } of raw.users ?? []) if (user && !users.has(name)) users.set(name, user);
      one.loadFromString(JSON.stringify(raw));
    } catch (error) {
      throw new ConfigError(`${file}: ${(error as Error).message}`);
    }
    one.makePathsAbsolute(folder);
    whole.loadFromOptions({
      clusters: firstOfEachName([...whole.getClusters(), ...one.getClusters()]),
      users: firstOfEachName([...whole.getUsers(), ...one.getUsers()]),
      contexts: firstOfEachName([...whole.getContexts(), ...one.getContexts()]),
      currentContext: whole.getCurrentContext() || one.getCurrentContext(),
    });
  }
  return { config: whole, users };
}

/** Mends what the library does not know: `tokenFile`, and programs named relative to the file. */
function readRaw(file: string, folder: string): RawConfig {
  // The parser's own errors show lines of the file, and those hold tokens.
  const raw = parse(readFileSync(file, 'utf8'), { prettyErrors: false }) as RawConfig | null;
  if (typeof raw !== 'object' || raw === null) throw new Error('is no kubeconfig');
  for (const { user } of raw.users ?? []) {
    if (user?.tokenFile !== undefined) {
      user.tokenFile = resolve(folder, user.tokenFile);
      user['auth-provider'] = { name: 'tokenFile', config: { tokenFile: user.tokenFile } };
      delete user.token;
    }
    const command = user?.exec?.command;
    if (user?.exec && command?.includes('/') && !isAbsolute(command)) {
      user.exec.command = join(folder, command);
    }
  }
  return raw;
}

function firstOfEachName<T extends { readonly name: string }>(all: readonly T[]): T[] {
  const byName = new Map<string, T>();
  for (const one of all) if (!byName.has(one.name)) byName.set(one.name, one);
  return [...byName.values()];
}
