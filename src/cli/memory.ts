/**
 * Keeps the memory of a run nearer to what it holds. A plan of a thousand tenants makes much garbage and keeps little,
 * and V8 by itself lets the heap grow to several times what is kept before it collects.
 */
import { setFlagsFromString } from 'node:v8';

/**
 * A full collection comes when the heap has grown by so many percent. 60 costs next to nothing; 30, for a process that stays,
 * a tenth of the time of an apply, and saves 10 to 25 MB.
 */
export function limitHeapGrowth(percent = 60): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}

/**
 * Young objects get no more space than they have now. That saves about 100 MB and costs a tenth of the time of a plan;
 * an apply, which makes five times the calls, would pay more than it is worth.
 */
export function limitYoungSpace(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
