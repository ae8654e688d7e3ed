/** A stack in a folder of its own, for one test. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { InvalidDocumentsError, Problem } from '../../src/errors.ts';

export const PLATFORM = `apiVersion: tenantry.dev/v1alpha1
kind: Platform
metadata: { name: dev }
spec: {}
`;

/** Files by their name in the stack; the Platform is there unless the test brings its own. */
export type StackFiles = Readonly<Record<string, string>>;

/** Writes the files into a new folder, runs the test, removes the folder. */
export async function withStack<T>(files: StackFiles, run: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'stack-'));
  try {
    for (const [name, text] of Object.entries({ 'platform.yaml': PLATFORM, ...files })) {
      await mkdir(dirname(join(dir, name)), { recursive: true });
      await writeFile(join(dir, name), text);
    }
    return await run(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The problems of a failed load as `file:line:column path: message`, files named from the stack's folder. */
export async function problemsOf(dir: string, load: (dir: string) => Promise<unknown>): Promise<string[]> {
  const error = await load(dir).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) return [];
  const { problems } = error as InvalidDocumentsError;
  if (problems === undefined) throw error;
  return problems.map((problem) => line(problem, dir));
}

function line({ file = '', line: row, column, path, message }: Problem, dir: string): string {
  const place = [file.replace(`${dir}/`, ''), row, column].filter((part) => part !== undefined).join(':');
  return `${place} ${path ? `${path}: ` : ''}${message.replaceAll(`${dir}/`, '')}`;
}

/** A Tenant as YAML; `spec` is indented text of its own. */
export function tenant(name: string, spec = ' {}'): string {
  return `apiVersion: tenantry.dev/v1alpha1\nkind: Tenant\nmetadata: { name: ${name} }\nspec:${spec}\n`;
}

/** A TenantIntegration as YAML, on seven lines before `more`. */
export function integration(name: string, to: { tenant: string; integration: string }, more = ''): string {
  const head = `apiVersion: tenantry.dev/v1alpha1\nkind: TenantIntegration\nmetadata: { name: ${name} }\nspec:\n`;
  return `${head}  tenant: ${to.tenant}\n  integration: ${to.integration}\n${more}`;
}
