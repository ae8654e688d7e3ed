/** One line of the first-run check list, and how long it may take to find it out. */
import { setTimeout as timer } from 'node:timers/promises';
import type { CheckResult } from '../../doctor/check.ts';
import { asTenantryError } from '../../errors.ts';

export type SetupState = 'ok' | 'warning' | 'failed' | 'unknown';

export const GROUPS = ['vault', 'postgres', 'airbyte', 'address', 'apps', 'webhooks'] as const;
export type SetupGroup = (typeof GROUPS)[number];

export interface SetupCheck {
  readonly id: string;
  readonly group: SetupGroup;
  readonly title: string;
  readonly state: SetupState;
  readonly detail: string;
  readonly remedy: string | null;
}

/** A question of which one or more lines come. */
export interface Question {
  readonly id: string;
  readonly group: SetupGroup;
  /** Of the line that says that the question was not answered. */
  readonly title: string;
  ask(signal: AbortSignal): Promise<readonly SetupCheck[]>;
}

/** All at once, each for so long, in milliseconds: one system that hangs must not hide the others. */
export async function askAll(questions: readonly Question[], limitMs: number): Promise<SetupCheck[]> {
  const answers = await Promise.all(questions.map((question) => askOne(question, limitMs)));
  return answers.flat();
}

async function askOne(question: Question, limitMs: number): Promise<readonly SetupCheck[]> {
  const { id, group, title } = question;
  const ended = new AbortController();
  const late = timer(limitMs, 'late' as const, { signal: ended.signal }).catch(() => 'late' as const);
  const asked = question
    .ask(AbortSignal.timeout(limitMs))
    .catch((error: unknown): readonly SetupCheck[] => [failedLine({ id, group, title }, error)]);
  // The signal alone is not trusted: what is asked may not listen to it.
  const answer = await Promise.race([asked, late]);
  ended.abort();
  if (answer !== 'late' && !answer.every(isCancelled)) return answer.map(limited);
  return [
    {
      id,
      group,
      title,
      state: 'unknown',
      detail: `No answer within ${limitMs / 1000} s.`,
      remedy: 'See whether the system runs and can be reached from here, then check again.',
    },
  ];
}

function failedLine(line: Pick<SetupCheck, 'id' | 'group' | 'title'>, error: unknown): SetupCheck {
  const { code, message, hint } = asTenantryError(error);
  return { ...line, state: 'failed', detail: `${code}: ${message}`, remedy: hint };
}

/** The time was up while the system was asked. */
function isCancelled({ state, detail }: SetupCheck): boolean {
  return state === 'failed' && /^(?:Cancelled|TimedOut):/.test(detail);
}

const MOST_TEXT = 1_000;

/** Some of it is what other systems say. */
function limited(check: SetupCheck): SetupCheck {
  const { detail, remedy } = check;
  return { ...check, detail: cut(detail), remedy: remedy === null ? null : cut(remedy) };
}

function cut(text: string): string {
  return text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT)}…`;
}

const TITLES: Readonly<Record<string, string>> = {
  'vault/reachable': 'Vault can be reached',
  'vault/login': 'Login to Vault',
  'vault/permissions': 'What this login may do in Vault',
  'postgres/login': 'Login to Postgres',
  'postgres/isolation': 'Schema public of Postgres',
  'airbyte/login': 'Login to Airbyte',
  'airbyte/health': 'Health of Airbyte',
  'airbyte/workspace': 'Workspace in Airbyte',
};

/** What `tenantry doctor` found, as lines of the list. */
export function ofDoctor(results: readonly CheckResult[]): SetupCheck[] {
  return results.map(({ system, check, verdict, detail, fix }) => ({
    id: `${system}-${check}`,
    group: system === 'sidecar' ? 'address' : system,
    title: TITLES[`${system}/${check}`] ?? `${system}: ${check}`,
    state: verdict,
    detail,
    remedy: fix ?? null,
  }));
}
