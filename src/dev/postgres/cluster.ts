/** The files of a development database cluster: its data, its password, and the lock a crash leaves behind. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TenantryError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';
import type { PostgresBinaries } from './binaries.ts';
import { programEnvironment } from './environment.ts';
import { folderFailure, postgresFailure } from './failure.ts';
import { type RunAs, type SpawnAs, spawnAs } from './run-as.ts';

/** Superuser of the cluster. */
export const SUPERUSER = 'postgres';

export interface Cluster {
  /** PGDATA. */
  readonly data: string;
  readonly password: string;
  readonly spawnAs: SpawnAs;
}

/** Opens the cluster in `folder`, or makes one there. */
export async function openCluster(
  folder: string,
  binaries: PostgresBinaries,
  user: RunAs | undefined,
): Promise<Cluster> {
  const data = join(folder, 'pgdata');
  const passwordFile = join(folder, 'password');
  try {
    const made = makeFolder(folder, 0o700);
    if (made !== undefined) own(folder, user);
  } catch (error) {
    throw folderFailure(error, folder);
  }
  const as = spawnAs(user, [data, binaries.postgres]);
  if (!existsSync(data)) await makeCluster(folder, binaries, user, as);
  if (!existsSync(passwordFile)) {
    throw new TenantryError('Internal', `${passwordFile} is missing`, {
      hint: `restore it, or remove ${folder} to begin with an empty database`,
    });
  }
  return { data, password: readFileSync(passwordFile, 'utf8').trim(), spawnAs: as };
}

async function makeCluster(
  folder: string,
  binaries: PostgresBinaries,
  user: RunAs | undefined,
  as: SpawnAs,
): Promise<void> {
  // Made under another name and renamed at the end: a crash never leaves half a cluster that looks whole.
  const fresh = join(folder, 'pgdata.new');
  const passwordFile = join(folder, 'password');
  try {
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { mode: 0o700 });
    own(fresh, user);
    writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
    own(passwordFile, user);
  } catch (error) {
    throw folderFailure(error, folder);
  }
  const flags = ['--auth=scram-sha-256', `--username=${SUPERUSER}`, `--pwfile=${passwordFile}`];
  const locale = binaries.locale ?? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const [program = '', ...args] = [
    ...as.prefix,
    ...[
      binaries.initdb,
      `--pgdata=${fresh}`,
      ...flags,
      '--encoding=UTF8',
      ...locale,
      '--no-sync',
      '--no-instructions',
    ],
  ];
  try {
    await promisify(execFile)(program, args, { env: programEnvironment(), ...ids(as) });
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    throw postgresFailure('make its data folder', stderr || message, folder);
  }
  renameSync(fresh, join(folder, 'pgdata'));
}

function own(path: string, user: RunAs | undefined): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}

/** uid and gid for spawn, absent where they are not set. */
export function ids(as: SpawnAs): { uid?: number; gid?: number } {
  return {
    ...(as.uid === undefined ? {} : { uid: as.uid }),
    ...(as.gid === undefined ? {} : { gid: as.gid }),
  };
}
