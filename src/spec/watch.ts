/** Notices changes of a stack's documents, however an editor saves them. */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';

const SETTLE_MS = 200;

/**
 * Calls back when a file under the stack's folder changes; several changes at once are one.
 *
 * Each folder is watched by itself: `recursive` watches each file on Linux, and loses it for good when an editor
 * or git puts a new file in its place.
 */
export function watchStack(dir: string, signal: AbortSignal, onChange: (file: string) => void): void {
  let watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;

  function changed(path: string): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // A folder may be another one now. What changes while nobody watches is read after this call.
      close();
      watchTree(dir);
      onChange(path);
    }, SETTLE_MS);
  }

  function watchTree(folder: string): void {
    try {
      const watcher = watch(folder, (_event, name) => {
        const path = name === null ? folder : join(folder, name);
        if (/\.ya?ml$/.test(path) || watchers.has(path) || isFolder(path)) changed(path);
      });
      watcher.on('error', () => undefined);
      watchers.set(folder, watcher);
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) watchTree(join(folder, entry.name));
      }
    } catch {
      // The folder went away meanwhile: the one above it tells.
    }
  }

  function close(): void {
    for (const watcher of watchers.values()) watcher.close();
    watchers = new Map();
  }

  watchTree(dir);
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    close();
  });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
