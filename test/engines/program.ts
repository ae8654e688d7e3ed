/** Finds programs and asks them for their version. */
import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that answers no sooner than this is of no use to a test. */
const PATIENCE_MS = 30_000;

export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The first executable file of this name in the folders of a PATH. */
export function findProgram(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isProgram);
}

/** `1.21.1` out of what the program prints; undefined when it does not start or prints none. */
export function versionOf(file: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      resolve(error ? undefined : /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0]);
    });
  });
}
