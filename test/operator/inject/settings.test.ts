import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidDocumentsError } from '../../../src/errors.ts';
import { parseInjectSettings, readInjectSettings } from '../../../src/operator/inject/settings.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-inject-'));
});
afterAll(() => rm(folder, { recursive: true }));

function problems(yaml: string): string {
  try {
    parseInjectSettings(yaml);
  } catch (error) {
    if (error instanceof InvalidDocumentsError) {
      return error.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`).join('\n');
    }
    throw error;
  }
  return '';
}

describe('the settings of the injection', () => {
  it('need an image only', async () => {
    await writeFile(join(folder, 'injection.yaml'), 'image: tenantry:1\n');
    expect(await readInjectSettings(join(folder, 'injection.yaml'))).toMatchObject({
      image: 'tenantry:1',
      port: 7250,
      stack: { configMap: 'tenantry-stack', integrations: [] },
      readiness: 'listening',
    });
  });

  it('say which file is missing', async () => {
    await expect(readInjectSettings(join(folder, 'none.yaml'))).rejects.toMatchObject({
      code: 'MissingSetting',
      message: expect.stringContaining('none.yaml (ENOENT)'),
    });
  });

  const token = `gh${'p_'}0123456789abcdef`;

  it.each([
    ['no image', 'port: 7250\n', /image/],
    ['a field that is misspelt', 'image: x\nvolume: []\n', /2 volume: unknown field/],
    ['a privileged port', 'image: x\nport: 80\n', /2 port: /],
    ['root as the user', 'image: x\nrunAsUser: 0\n', /2 runAsUser: /],
    [
      'a literal secret by name',
      'image: x\nenv: [{name: PGPASSWORD, value: hunter2}]\n',
      /a secret is never written here/,
    ],
    [
      'a literal secret by its look',
      `image: x\nenv: [{name: A, value: ${token}}]\n`,
      /looks like a GitHub token/,
    ],
    ['a variable without a value', 'image: x\nenv: [{name: A}]\n', /either value or valueFrom/],
    ['a volume of the node', 'image: x\nvolumes: [{name: a, hostPath: {path: /}}]\n', /hostPath/],
    [
      'a volume of two sources',
      'image: x\nvolumes: [{name: a, secret: {}, emptyDir: {}}]\n',
      /exactly one of/,
    ],
    ['a mount without its volume', 'image: x\nvolumeMounts: [{name: a, mountPath: /a}]\n', /no volume "a"/],
    ['two documents', 'image: x\n---\nimage: y\n', /one YAML document/],
    ['text that is no YAML', 'image: "x\n', /./],
  ])('are refused with %s', (_what, yaml, words) => {
    const found = problems(yaml);
    expect(found).toMatch(words);
    expect(found).not.toContain('hunter2');
    expect(found).not.toContain(token);
  });
});
