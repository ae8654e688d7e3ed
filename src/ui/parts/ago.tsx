/** A time as people say it ("5 minutes ago"), with the full time as its title. */
import { useNow } from './now.ts';

const RELATIVE = new Intl.RelativeTimeFormat('en-US', { numeric: 'auto' });
const FULL = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'long' });

const STEPS = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 30],
  ['month', 12],
] as const;

export function relative(at: number, now: number): string {
  let value = (at - now) / 1000;
  if (Math.abs(value) < 10) return 'just now';
  for (const [unit, size] of STEPS) {
    if (Math.abs(value) < size) return RELATIVE.format(Math.round(value), unit);
    value /= size;
  }
  return RELATIVE.format(Math.round(value), 'year');
}

export function fullTime(at: string): string {
  return FULL.format(new Date(at));
}

/** @param none what is shown where there is no time */
export function Ago({ at, none = 'never' }: { readonly at: string | null; readonly none?: string }) {
  const now = useNow();
  if (at === null) return <span className="quiet">{none}</span>;
  const time = Date.parse(at);
  if (Number.isNaN(time)) return <span className="quiet">{none}</span>;
  return (
    <time dateTime={at} title={fullTime(at)}>
      {relative(time, now)}
    </time>
  );
}
