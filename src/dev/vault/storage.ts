/** Keeps the state in one file: mode 0600, replaced by rename so that a crash leaves the old or the new file whole. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asTenantryError, TenantryError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';
import { isRecord } from './fields.ts';
import { initialState, type VaultState } from './state.ts';

/** Milliseconds in which many writes become one. */
const debounce = 250;

function encode(state: VaultState): string {
  return JSON.stringify(state, (_key, value: unknown) =>
    value instanceof Map ? { $map: [...value] } : value,
  );
}

function decode(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) =>
    isRecord(value) && Array.isArray(value.$map) ? new Map(value.$map) : value,
  );
}

function load(file: string): VaultState | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const state = decode(readFileSync(file, 'utf8'));
    if (isRecord(state) && state.version === 1) return state as unknown as VaultState;
  } catch (error) {
    // Not only a broken file: the reader may lack the permission.
    if (!(error instanceof SyntaxError)) throw asTenantryError(error);
  }
  throw new TenantryError('NotWritable', `${file} is not a state file of this development Vault`, {
    hint: 'move the file away to start with an empty development Vault',
  });
}

/** The state and the means to have it written soon. */
export interface Storage {
  readonly state: VaultState;
  /** Call it after each change. */
  readonly changed: () => void;
  /** Writes what is not written yet; throws when it cannot. */
  readonly flush: () => void;
}

function replaceFile(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}

/** Opens the folder, or memory when there is none. */
export function openStorage(dataDir: string | undefined, now: () => number): Storage {
  if (dataDir === undefined) {
    return { state: initialState(now()), changed: () => undefined, flush: () => undefined };
  }
  makeFolder(dataDir, 0o700);
  const file = join(dataDir, 'vault.json');
  const state = load(file) ?? initialState(now());
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    try {
      replaceFile(file, encode(state));
    } catch (error) {
      throw asTenantryError(error);
    }
  };
  const later = (): void => {
    try {
      flush();
    } catch {
      // A full disk may have room again soon; close() reports it if not.
      timer = setTimeout(later, debounce);
    }
  };
  const changed = (): void => {
    timer ??= setTimeout(later, debounce);
  };
  return { state, changed, flush };
}
