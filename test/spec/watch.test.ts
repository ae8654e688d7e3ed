import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchStack } from '../../src/spec/watch.ts';

let dir: string;
let stop: AbortController;
const onChange = vi.fn<(file: string) => void>();

/** Does it, and waits until the change is told, by the name of the file or of its folder. */
async function tells(file: string, act: () => void, folder = file): Promise<void> {
  onChange.mockClear();
  act();
  await vi.waitFor(
    () => expect([join(dir, file), join(dir, folder)]).toContain(onChange.mock.lastCall?.[0]),
    {
      timeout: 5_000,
    },
  );
}

/** As `sed -i`, vim and git save: a new file takes the old one's place. */
function replace(file: string, text: string): void {
  writeFileSync(join(dir, 'new~'), text);
  renameSync(join(dir, 'new~'), join(dir, file));
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tenantry-watch-'));
  mkdirSync(join(dir, 'tenants/acme'), { recursive: true });
  writeFileSync(join(dir, 'tenants/acme/notion.yaml'), 'one');
  stop = new AbortController();
  onChange.mockReset();
  watchStack(dir, stop.signal, onChange);
});

afterEach(() => {
  stop.abort();
  rmSync(dir, { recursive: true, force: true });
});

describe('watching a stack', () => {
  it('tells of a file that is replaced by another again and again, and then removed and written anew', async () => {
    const file = 'tenants/acme/notion.yaml';
    await tells(file, () => replace(file, 'two'));
    await tells(file, () => replace(file, 'three'));
    await tells(file, () => writeFileSync(join(dir, file), 'four'));
    await tells(file, () => rmSync(join(dir, file)));
    await tells(file, () => writeFileSync(join(dir, file), 'five'));
  });

  it('tells of a folder that comes with files, of its files, and of the same folder made again', async () => {
    const make = (): void => {
      mkdirSync(join(dir, 'tenants/hooli'));
      writeFileSync(join(dir, 'tenants/hooli/tenant.yaml'), 'one');
    };
    onChange.mockClear();
    make();
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), { timeout: 5_000 });
    await tells('tenants/hooli/tenant.yaml', () => replace('tenants/hooli/tenant.yaml', 'two'));
    await tells(
      'tenants/hooli/tenant.yaml',
      () => rmSync(join(dir, 'tenants/hooli'), { recursive: true }),
      'tenants/hooli',
    );
    onChange.mockClear();
    make();
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), { timeout: 5_000 });
    await tells('tenants/hooli/tenant.yaml', () => replace('tenants/hooli/tenant.yaml', 'three'));
  });

  it('tells of the files of a folder that another took the place of at once', async () => {
    const file = 'tenants/acme/notion.yaml';
    await tells(
      file,
      () => {
        rmSync(join(dir, 'tenants/acme'), { recursive: true });
        mkdirSync(join(dir, 'tenants/acme'));
        replace(file, 'two');
      },
      'tenants/acme',
    );
    await tells(file, () => replace(file, 'three'));
  });

  it('tells once of several changes at once, and of no file that is no document', async () => {
    writeFileSync(join(dir, 'notes.txt'), 'x');
    await tells('platform.yaml', () => {
      writeFileSync(join(dir, 'tenants/acme/a.yaml'), 'x');
      writeFileSync(join(dir, 'tenants/acme/b.yml'), 'x');
      writeFileSync(join(dir, 'platform.yaml'), 'x');
    });
    expect(onChange).toHaveBeenCalledOnce();
  });

  it('ends with its signal', async () => {
    stop.abort();
    writeFileSync(join(dir, 'platform.yaml'), 'x');
    const later = new AbortController();
    const seen = vi.fn<(file: string) => void>();
    watchStack(dir, later.signal, seen);
    writeFileSync(join(dir, 'tenants/acme/a.yaml'), 'x');
    await vi.waitFor(() => expect(seen).toHaveBeenCalled(), { timeout: 5_000 });
    later.abort();
    expect(onChange).not.toHaveBeenCalled();
  });
});
