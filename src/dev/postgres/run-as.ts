/** Chooses the system user that Postgres runs as: Postgres refuses to run as root. */
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { TenantryError } from '../../errors.ts';

export interface RunAs {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** How to spawn a program: `prefix` goes before the program's own path. */
export interface SpawnAs {
  readonly prefix: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

/** undefined: run as ourselves. As root: the user postgres where there is one, else nobody. */
export function runAs(): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = [userId('-u', name), userId('-g', name)];
    if (uid !== undefined && gid !== undefined && uid !== 0) return { uid, gid, name };
  }
  throw new TenantryError(
    'Internal',
    'Postgres does not run as root, and there is no user postgres or nobody',
    {
      hint: 'run as an ordinary user, or create one: useradd --system postgres',
    },
  );
}

function userId(flag: '-u' | '-g', name: string): number | undefined {
  try {
    const id = Number(
      execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
    return Number.isInteger(id) && id >= 0 ? id : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The way to spawn as `user` when the program or its data lie at `paths`. A project in root's home is closed to every
 * other user; there Postgres keeps the one capability that lets it through (CAP_DAC_OVERRIDE), given by setpriv.
 */
export function spawnAs(user: RunAs | undefined, paths: readonly string[]): SpawnAs {
  if (user === undefined) return { prefix: [] };
  const closed = paths.map((path) => closedFolder(path, user)).find((folder) => folder !== undefined);
  if (closed === undefined) return { prefix: [], uid: user.uid, gid: user.gid };
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  if (setpriv === undefined) {
    throw new TenantryError(
      'NotWritable',
      `Postgres runs as the user ${user.name}, who may not enter ${closed}`,
      {
        hint: `run as an ordinary user, or open the folder: chmod o+x ${closed}`,
      },
    );
  }
  const ids = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups'];
  return {
    prefix: [setpriv, ...ids, '--inh-caps', '+dac_override', '--ambient-caps', '+dac_override', '--'],
  };
}

function closedFolder(path: string, user: RunAs): string | undefined {
  let folder = dirname(resolve(path));
  for (;;) {
    const { mode, uid, gid } = statSync(folder);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return folder;
    if (dirname(folder) === folder) return undefined;
    folder = dirname(folder);
  }
}
