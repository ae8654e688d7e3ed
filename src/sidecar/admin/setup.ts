/** The route of the setup page: a first-run check list that says what to fix. */
import { z } from 'zod';
import type { Routes, SidecarContext } from '../context.ts';
import { when } from '../oauth/schemas.ts';
import { addressQuestion, appQuestions, signInQuestions, webhookQuestions } from './setup-apps.ts';
import { askAll, GROUPS } from './setup-check.ts';
import { systemQuestions } from './setup-systems.ts';

/** With what is around it the answer is there in five seconds, whatever hangs. */
const LIMIT_MS = 4_000;

const check = z
  .object({
    id: z.string().describe('Always the same for the same question.'),
    group: z.enum(GROUPS),
    title: z.string(),
    state: z.enum(['ok', 'warning', 'failed', 'unknown']).describe('unknown: no answer in time.'),
    detail: z.string().describe('What was found. Never holds a secret.'),
    remedy: z.string().nullable().describe('What to do; null: nothing.'),
  })
  .meta({ id: 'SetupCheck', description: 'A line of the check list.' });

const setup = z
  .object({
    state: z
      .enum(['ok', 'warning', 'failed'])
      .describe('The worst of all; what is not known counts as failed.'),
    checks: z.array(check),
    airbyteToken: z
      .object({
        method: z.enum(['client_credentials', 'api_key']),
        secondsLeft: z
          .number()
          .nullable()
          .describe('Life left of the token in use; null: there is none, or it does not end.'),
        lastError: z.string().nullable(),
      })
      .nullable()
      .describe('The login to Airbyte; null: Airbyte is not set up.'),
    at: when.describe('When it was looked at.'),
  })
  .meta({ id: 'Setup', description: 'Is everything set up?' });

type Setup = z.output<typeof setup>;

export const setupRoutes: Routes = (app, context) => {
  app.get(
    '/admin/setup',
    {
      config: { access: { permission: 'platform' } },
      schema: {
        tags: ['admin'],
        operationId: 'getSetup',
        summary: 'Check list of the first run: what is set up, and what to fix',
        response: { 200: setup },
      },
    },
    async (_request, reply) => {
      void reply.header('cache-control', 'no-store');
      return await setupOf(context);
    },
  );
};

/** @param limitMs of each question */
export async function setupOf(context: SidecarContext, limitMs = LIMIT_MS): Promise<Setup> {
  const questions = [
    ...systemQuestions(context),
    addressQuestion(context),
    ...signInQuestions(context),
    ...appQuestions(context),
    ...webhookQuestions(context),
  ];
  const checks = await askAll(questions, limitMs);
  const states = new Set(checks.map(({ state }) => state));
  const isBad = states.has('failed') || states.has('unknown');
  return {
    state: isBad ? 'failed' : states.has('warning') ? 'warning' : 'ok',
    checks,
    airbyteToken: tokenOf(context),
    at: new Date(context.now()).toISOString(),
  };
}

function tokenOf({ airbyte, settings }: SidecarContext): Setup['airbyteToken'] {
  if (settings.withoutAirbyte !== undefined) return null;
  const { method, secondsLeft, lastError } = airbyte.tokenStatus();
  return { method, secondsLeft: secondsLeft ?? null, lastError: lastError ?? null };
}
