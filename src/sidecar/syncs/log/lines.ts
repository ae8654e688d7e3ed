/**
 * What happened in a run, line by line, for the tenant. Pure. Lines are made from times, numbers and the words of the
 * run's error; nothing that Airbyte calls things by is even given to it.
 */
import { durationWords } from '../failures/texts.ts';
import type { SyncRun } from '../syncs.ts';

export interface LogLine {
  /** RFC 3339. */
  readonly at: string;
  readonly text: string;
}

/** A run with what its history needs beside; times are RFC 3339. */
export interface LoggedRun
  extends Pick<
    SyncRun,
    | 'trigger'
    | 'status'
    | 'attempt'
    | 'dueAt'
    | 'startedAt'
    | 'endedAt'
    | 'rows'
    | 'bytes'
    | 'error'
    | 'retryAt'
  > {
  readonly createdAt: string;
  /** How often its beginning was put off, e.g. while the platform was away. */
  readonly postponed: number;
  readonly waitUntil: string | undefined;
  /** When rows last came in. */
  readonly progressAt: string | undefined;
  readonly cancelRequestedAt: string | undefined;
}

/** @param runs the run and those that it tries again, in any order @param name of the provider, for people */
export function logLines(runs: readonly LoggedRun[], name: string): LogLine[] {
  const ordered = runs.toSorted(
    (left, right) => left.attempt - right.attempt || compare(left.createdAt, right.createdAt),
  );
  return ordered.flatMap((run, index) => {
    const isRenewed = ordered[index - 1]?.error?.class === 'token';
    return linesOf(run, { name, isRenewed }).toSorted((left, right) => compare(left.at, right.at));
  });
}

interface Telling {
  readonly name: string;
  /** The try before was refused for its credential, so this one has another. */
  readonly isRenewed: boolean;
}

function linesOf(run: LoggedRun, { name, isRenewed }: Telling): LogLine[] {
  const { startedAt, cancelRequestedAt } = run;
  const began = `the sync of ${name} began${isRenewed ? ', with a renewed credential' : ''}`;
  const lines: (LogLine | undefined)[] = [
    { at: run.createdAt, text: whyText(run, name) },
    waitLine(run),
    startedAt === undefined ? undefined : { at: startedAt, text: began },
    progressLine(run),
    cancelRequestedAt === undefined
      ? undefined
      : { at: cancelRequestedAt, text: 'somebody asked to stop it' },
    ...endLines(run),
  ];
  return lines.filter((line) => line !== undefined);
}

function whyText({ trigger, attempt, dueAt, createdAt }: LoggedRun, name: string): string {
  if (trigger === 'manual') return 'somebody asked for it';
  if (trigger === 'first') return `${name} was connected: the first sync`;
  const when = dueAt !== undefined && compare(dueAt, createdAt) > 0 ? ` at ${dueAt}` : '';
  if (trigger === 'retry') return `try ${attempt}: due${when}`;
  return `due${when} by its schedule`;
}

function waitLine({
  status,
  postponed,
  createdAt,
  waitUntil,
  startedAt,
  error,
}: LoggedRun): LogLine | undefined {
  if (postponed === 0) return undefined;
  const times = postponed === 1 ? 'once' : `${postponed} times`;
  if (status !== 'waiting') {
    return startedAt === undefined
      ? undefined
      : { at: startedAt, text: `it began late: it was put off ${times}` };
  }
  const why = error === undefined ? '' : `, because ${error.message}`;
  const next = waitUntil === undefined ? '' : `; the next try is at ${waitUntil}`;
  return { at: createdAt, text: `it has not begun yet: put off ${times}${why}${next}` };
}

function progressLine({ status, progressAt, rows, bytes }: LoggedRun): LogLine | undefined {
  if (status !== 'running' || progressAt === undefined || !rows) return undefined;
  return { at: progressAt, text: `${amountOf(rows, bytes)} so far` };
}

function endLines(run: LoggedRun): LogLine[] {
  const { status, endedAt, startedAt, rows, bytes, error, retryAt } = run;
  if (endedAt === undefined) return [];
  const line = (text: string): LogLine => ({ at: endedAt, text });
  const took =
    startedAt === undefined
      ? ''
      : `, after ${durationWords(Math.max(1, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000))}`;
  const arrived = rows ? `; ${amountOf(rows, bytes)} arrived` : '';
  if (status === 'succeeded') return [line(`it ended well${took}: ${amountOf(rows ?? 0, bytes)}`)];
  if (status === 'cancelled') return [line(`it was stopped${took}${arrived}`)];
  const what = status === 'skipped' ? 'it was not begun' : `it failed${took}${arrived}`;
  return [
    line(error ? `${what}: ${error.message}` : what),
    ...(error?.nextStep ? [line(`next step: ${error.nextStep}`)] : []),
    ...(retryAt === undefined ? [] : [line(`it is tried again at ${retryAt}`)]),
  ];
}

function amountOf(rows: number, bytes: number | undefined): string {
  const count = `${rows.toLocaleString('en-US')} ${rows === 1 ? 'row' : 'rows'}`;
  return bytes === undefined ? count : `${count} (${sizeWords(bytes)})`;
}

function sizeWords(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || size >= 100 ? 0 : 1;
  return `${size.toFixed(digits)} ${bytes === 1 ? 'byte' : units[unit]}`;
}

function compare(left: string, right: string): number {
  return Date.parse(left) - Date.parse(right);
}
