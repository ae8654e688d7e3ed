import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withSecretFiles } from '../../src/cli/env-files.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tenantry-env-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(dir, 'secret');
  writeFileSync(path, text);
  return path;
}

describe('secrets in files', () => {
  it.each([
    'VAULT_TOKEN',
    'PGPASSWORD',
    'NOTION_CLIENT_SECRET',
    'VAULT_SECRET_ID',
    'GITHUB_PRIVATE_KEY',
    'AIRBYTE_API_KEY',
  ])('stand for %s, without the line end of the file', (name) => {
    expect(withSecretFiles({ [`${name}_FILE`]: file('s3cret\n') })[name]).toBe('s3cret');
  });

  it('keep line ends inside, as a PEM has them', () => {
    expect(withSecretFiles({ GITHUB_PRIVATE_KEY_FILE: file('a\nb\n') })['GITHUB_PRIVATE_KEY']).toBe('a\nb');
  });

  it('leave other variables alone', () => {
    const env = { SSL_CERT_FILE: '/nowhere', AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere' };
    expect(withSecretFiles(env)).toEqual(env);
  });

  it('are refused when they are missing or meant twice', () => {
    expect(() => withSecretFiles({ VAULT_TOKEN_FILE: join(dir, 'none') })).toThrow(
      /VAULT_TOKEN_FILE.*ENOENT/,
    );
    expect(() => withSecretFiles({ VAULT_TOKEN_FILE: file('x'), VAULT_TOKEN: 'y' })).toThrow(/both set/);
  });
});
