/** Is the sidecar alive, is it ready, and how are the systems behind it. */
import { z } from 'zod';
import { asTenantryError } from '../../errors.ts';
import { version } from '../../version.ts';
import type { Routes, SidecarContext } from '../context.ts';

const health = z
  .object({ status: z.literal('ok'), version: z.string() })
  .meta({ id: 'Health', description: 'The process is alive.' });

const check = z.object({
  ok: z.boolean(),
  code: z.string().optional().describe('Error code where it is not.'),
});

const readiness = z
  .object({
    ready: z.boolean(),
    draining: z.boolean().describe('True from the moment that the process was asked to stop.'),
    checks: z.object({
      vault: check,
      postgres: check,
      documents: check
        .optional()
        .describe('Where they are custom resources: false until all were read for the first time.'),
    }),
  })
  .meta({ id: 'Readiness', description: 'May requests be sent here?' });

type Readiness = z.output<typeof readiness>;
type Check = z.output<typeof check>;

/** So long an answer is used again: probes of many balancers must not become a load. */
const FRESH_MS = 1_000;
const CHECK_MS = 2_000;
/** A login is looked at so often, by whether it was good. */
const GOOD_MS = 60_000;
const REFUSED_MS = 300_000;

export interface Life {
  readonly draining: boolean;
  /** Are the documents in? Where this is not given, they were before anything else. */
  readonly documents?: () => Check;
}

export function healthRoutes(life: Life): Routes {
  return (app, context) => {
    app.get(
      '/health',
      {
        config: { access: 'public', rateLimit: false },
        schema: {
          tags: ['health'],
          operationId: 'getHealth',
          summary: 'The process is alive',
          security: [],
          response: { 200: health },
        },
      },
      async () => ({ status: 'ok' as const, version: version() }),
    );

    const login = loginCheck(context);
    let last: { readonly at: number; readonly answer: Promise<Readiness['checks']> } | undefined;
    app.get(
      '/ready',
      {
        config: { access: 'public', rateLimit: false },
        schema: {
          tags: ['health'],
          operationId: 'getReadiness',
          summary: 'Requests may be sent here',
          description:
            '503 while Vault or Postgres is away, while Vault refuses the login, until the documents were read for the first time, and while the process drains before its end.',
          security: [],
          response: { 200: readiness, 503: readiness },
        },
      },
      async (_request, reply) => {
        const now = context.now();
        if (last === undefined || now - last.at > FRESH_MS)
          last = { at: now, answer: checks(context, login) };
        const documents = life.documents?.();
        const found = { ...(await last.answer), ...(documents && { documents }) };
        const isThere = found.vault.ok && found.postgres.ok && documents?.ok !== false;
        const ready = isThere && !life.draining;
        return reply.status(ready ? 200 : 503).send({ ready, draining: life.draining, checks: found });
      },
    );
  };
}

async function checks(
  { vault, database }: SidecarContext,
  login: () => Promise<Check>,
): Promise<Readiness['checks']> {
  const [vaultCheck, reachable] = await Promise.all([
    vault.health({ signal: AbortSignal.timeout(CHECK_MS) }).then(
      ({ sealed, initialized }) => (sealed || !initialized ? { ok: false, code: 'VaultSealed' } : login()),
      (error: unknown) => ({ ok: false, code: codeOf(error) }),
    ),
    database.isReachable(),
  ]);
  return {
    vault: vaultCheck,
    postgres: reachable ? { ok: true } : { ok: false, code: 'PostgresUnreachable' },
  };
}

function codeOf(error: unknown): string {
  const { code } = asTenantryError(error);
  return code === 'Cancelled' ? 'VaultUnreachable' : code;
}

/**
 * Does Vault take our login? A refused one is seldom tried again: five wrong secret ids lock an AppRole for everybody.
 */
function loginCheck({ vault, now }: SidecarContext): () => Promise<Check> {
  let last: { readonly check: Check; readonly until: number } | undefined;
  return async () => {
    if (last && now() < last.until) return last.check;
    const code = await vault
      .read('auth/token/lookup-self', { signal: AbortSignal.timeout(CHECK_MS) })
      .then(() => undefined, codeOf);
    // A policy may forbid to look; what matters is that the token itself is good.
    const isRefused = code === 'VaultUnauthorized';
    const found: Check = isRefused ? { ok: false, code } : { ok: true };
    last = { check: found, until: now() + (isRefused ? REFUSED_MS : GOOD_MS) };
    return found;
  };
}
