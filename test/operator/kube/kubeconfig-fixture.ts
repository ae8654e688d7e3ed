/** A folder of kubeconfigs and of programs that log in, for one test file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair, SignJWT } from 'jose';

export interface Parts {
  readonly user?: unknown;
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly namespace?: string;
  /** Name of context, cluster and user. */
  readonly name?: string;
}

/** A kubeconfig with one context, the current one. */
export function configOf({ user = {}, cluster = {}, namespace, name = 'test' }: Parts): object {
  return {
    clusters: [{ name, cluster: { server: 'https://kube.test:6443', ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace && { namespace }) } }],
    'current-context': name,
  };
}

export interface Folder {
  readonly path: string;
  /** Writes a kubeconfig and gives its path. */
  config(content: object | string): Promise<string>;
  /** Writes a program for Node and gives its path. */
  program(text: string): Promise<string>;
  remove(): Promise<void>;
}

export async function makeFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'tenantry-kubeconfig-'));
  let count = 0;
  const write = async (suffix: string, text: string): Promise<string> => {
    count += 1;
    const file = join(path, `${count}${suffix}`);
    await writeFile(file, text);
    return file;
  };
  return {
    path,
    config: (content) =>
      write('-config.yaml', typeof content === 'string' ? content : JSON.stringify(content)),
    program: (text) => write('-login.cjs', text),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/** Of the test's own process, without its KUBECONFIG. */
export const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] };

/** Seconds of the epoch, that many from now. */
export const seconds = (from: number): number => Math.floor(Date.now() / 1000) + from;

/** Signed with a key that nobody knows. */
export async function jwt(claims: Record<string, unknown>): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256');
  return await new SignJWT({ iat: seconds(-100), ...claims })
    .setProtectedHeader({ alg: 'RS256' })
    .sign(privateKey);
}
