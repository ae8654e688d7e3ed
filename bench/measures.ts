/** Small sums over measured values, and the fields that all reports share. */
import { availableParallelism, loadavg } from 'node:os';

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** Rounded for a reader. */
export function rounded(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}

export function perSecond(count: number, wallMs: number): number {
  return rounded(count / (wallMs / 1000));
}

export interface Machine {
  readonly node: string;
  readonly platform: string;
  /** Processors that this process may use. */
  readonly cores: number;
  /** Of the last minute, when the benchmark began: other work on the machine slows everything measured. */
  readonly loadAverage: number;
}

export function machine(): Machine {
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    loadAverage: rounded(loadavg()[0] ?? 0, 2),
  };
}
