/** `npm run bench -- syncs`: a day with killed replicas, and an hour without Airbyte; one JSON document. */
import { parseArgs } from 'node:util';
import { number } from '../arguments.ts';
import { machine } from '../measures.ts';
import { benchDay } from './day.ts';

const NOTES = [
  'Replicas are processes with the real runner, queue and Postgres; Airbyte, custody and provider are one stub over HTTP that keeps the books.',
  'The clock runs at most --speed times as fast, and slower where more than --rate syncs a real second would be due. Delays are in its seconds, from the due time with its jitter to the job: each real millisecond counts as many.',
  'missing: due times without a job; jobsWithoutRun: jobs beyond one for each record, of which there is one for each due time. Of the times that are due while Airbyte is away or a run waits, only the last is run; they count as missing.',
];

const PARTS = ['day', 'away'] as const;
type Part = (typeof PARTS)[number];

/** @throws RangeError or TypeError for wrong arguments, with words for a person */
export async function benchSyncs(args: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      connections: { type: 'string', default: '10000' },
      hours: { type: 'string', default: '24' },
      speed: { type: 'string', default: '60' },
      rate: { type: 'string', default: '30' },
    },
  });
  const only = PARTS.find((part) => part === values.only);
  if (values.only !== undefined && only === undefined) {
    throw new RangeError(`--only must be one of ${PARTS.join(', ')}`);
  }
  const connections = number('--connections', values.connections, 100_000);
  const hours = number('--hours', values.hours, 24 * 7);
  const mostSpeed = number('--speed', values.speed, 600);
  const perSecond = number('--rate', values.rate, 1000);
  const has = (part: Part): boolean => only === undefined || only === part;
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  const each = { replicas: 3, mostSpeed, perSecond };
  // Those that wait try again and again: the hour costs ten times what a usual one does.
  const awayConnections = Math.max(1, Math.round(connections / 10));
  return {
    date: new Date().toISOString(),
    ...machine(),
    notes: NOTES,
    ...(has('day') && {
      day: await benchDay({ ...each, connections, hours, kills: true, isAway: false, mix: 'day' }, progress),
    }),
    ...(has('away') && {
      away: await benchDay(
        {
          ...each,
          connections: awayConnections,
          hours: 3,
          kills: false,
          isAway: true,
          mix: 'hourly',
        },
        progress,
      ),
    }),
  };
}
