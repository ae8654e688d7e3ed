/** Figures and times of syncs as people read them. */
import { count } from '../format/show.ts';
import type { Run } from './access.ts';

const STEPS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `512 B`, `1.4 MB`; decimal, as Airbyte and clouds count. */
export function size(bytes: number): string {
  const step = bytes < 1000 ? 0 : Math.min(STEPS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const number = bytes / 1000 ** step;
  return `${step === 0 || number >= 100 ? Math.round(number) : number.toFixed(1)} ${STEPS[step]}`;
}

/** `8 s`, `3 min 20 s`, `2 h 5 min`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** To the second, in UTC. */
export function time(text: string | null): string {
  return text === null ? '-' : text.replace(/\.\d+Z$/, 'Z');
}

/** What arrived, as far as it is known; '' when nothing is. */
export function arrived({ rows, bytes }: Pick<Run, 'rows' | 'bytes'>): string {
  const parts = [...(rows === null ? [] : [count(rows, 'row')]), ...(bytes === null ? [] : [size(bytes)])];
  return parts.join(', ');
}

/** How long it took, or takes already; '' before it began. */
export function took({ startedAt, endedAt }: Pick<Run, 'startedAt' | 'endedAt'>, now: number): string {
  if (startedAt === null) return '';
  return span((endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt));
}

/** Why it failed or waits, and what comes next. */
export function reason({ error, retryAt }: Pick<Run, 'error' | 'retryAt'>): string {
  const parts = [
    ...(error ? [error.message] : []),
    ...(error?.nextStep ? [`→ ${error.nextStep}`] : []),
    ...(retryAt === null ? [] : [`(tried again at ${time(retryAt)})`]),
  ];
  return parts.join(' ');
}
