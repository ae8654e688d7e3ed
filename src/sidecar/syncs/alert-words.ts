/** An alert as an e-mail would say it, so that whoever receives the event can pass it on as it is. Pure. */
import type { SyncRun } from './syncs.ts';

export interface Mail {
  /** One line. */
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
}

export interface FailedMailFacts {
  /** Name of the provider that people see. */
  readonly name: string;
  readonly failures: number;
  /** RFC 3339. */
  readonly since: string | null;
  readonly lastSuccessAt: string | null;
}

export function failedMail(
  { tenant, error, retryAt }: SyncRun,
  { name, failures, since, lastSuccessAt }: FailedMailFacts,
): Mail {
  const lines = [
    `The sync of ${name} for ${tenant} has failed ${failures} ${failures === 1 ? 'time' : 'times in a row'}${since === null ? '' : `, first at ${since}`}.`,
    lastSuccessAt === null ? 'It has not worked yet.' : `It last worked at ${lastSuccessAt}.`,
    error && sentence(`What happened: ${error.message}`),
    error?.nextStep && sentence(`What to do: ${error.nextStep}`),
    retryAt && `It is tried again at ${retryAt}.`,
  ];
  return {
    subject: `The sync of ${name} for ${tenant} fails`,
    text: `${lines.filter(Boolean).join('\n')}\n`,
  };
}

export function recoveredMail({ tenant, endedAt, rows }: SyncRun, name: string): Mail {
  const amount = rows === undefined ? '' : ` with ${rows} ${rows === 1 ? 'row' : 'rows'}`;
  const when = endedAt === undefined ? '' : ` since ${endedAt}`;
  return {
    subject: `The sync of ${name} for ${tenant} works again`,
    text: `The sync of ${name} for ${tenant} works again${when}; it ended${amount}.\n`,
  };
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}
