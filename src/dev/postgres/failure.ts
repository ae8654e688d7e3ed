/** Turns what Postgres programs print when they fail into an error with a next step. */
import { asTenantryError, TenantryError } from '../../errors.ts';

const NOT_WRITABLE = /No space left on device|Read-only file system|Permission denied|Disk quota exceeded/i;

/** `doing` completes the sentence "Postgres could not …". */
export function postgresFailure(doing: string, output: string, folder: string): TenantryError {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.filter((line) => /FATAL|PANIC|error|could not|No space/i.test(line));
  const detail = (telling.length > 0 ? telling : lines).slice(-3).join('; ') || 'it printed nothing';
  const message = `Postgres could not ${doing}: ${detail}`;
  if (NOT_WRITABLE.test(output)) {
    return new TenantryError('NotWritable', message, {
      hint: `check the permissions and the free space of ${folder}`,
    });
  }
  if (/Address already in use|could not bind|Only one usage of each socket/i.test(output)) {
    return new TenantryError('InvalidUsage', message, {
      hint: 'another program listens on this port; choose another one',
    });
  }
  if (/incompatible with server|database files are incompatible/i.test(output)) {
    return new TenantryError('Internal', message, {
      hint: `the data in ${folder} are of another Postgres version; move the folder away and start again`,
    });
  }
  return new TenantryError('Internal', message, { hint: `see the message; the data are in ${folder}` });
}

/** A failure of the file system at `folder`. */
export function folderFailure(error: unknown, folder: string): TenantryError {
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EDQUOT' || code === 'ENOENT') {
    return new TenantryError('NotWritable', `cannot use the folder ${folder}: ${code}`, { cause: error });
  }
  return asTenantryError(error);
}
