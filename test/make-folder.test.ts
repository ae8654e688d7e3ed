import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder } from '../src/make-folder.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tenantry-folder-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('making a folder', () => {
  it('makes all that is missing, with the rights asked for, and tells the topmost', () => {
    expect(makeFolder(join(root, 'a', 'b', 'c'), 0o700)).toBe(join(root, 'a'));
    expect(statSync(join(root, 'a', 'b', 'c')).mode & 0o777).toBe(0o700);
    expect(makeFolder(join(root, 'a', 'b', 'c'))).toBeUndefined();
  });

  it('fails where a file of the name is, or one is above', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => makeFolder(join(root, 'file'))).toThrow('EEXIST');
    expect(() => makeFolder(join(root, 'file', 'below'))).toThrow(
      /cannot make the folder .*(EEXIST|ENOTDIR)/,
    );
  });

  it.runIf(existsSync('/proc'))(
    'fails, and does not try for ever, where the file system says that there is nothing',
    () => {
      expect(() => makeFolder('/proc/tenantry/below')).toThrow('ENOENT');
    },
  );
});
