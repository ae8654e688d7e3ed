/** The sidecar's own parts for a command, without its server and its queue at work: custody of tokens, syncs, usage. */
import { createLog } from '../log.ts';
import type { SidecarContext } from '../sidecar/context.ts';
import { createMetrics } from '../sidecar/metrics.ts';
import { sidecarSettings } from '../sidecar/settings.ts';
import { stackView } from '../sidecar/stack/view.ts';
import type { TokenService } from '../sidecar/tokens/service.ts';
import { withTables } from './platform-database.ts';
import type { Session } from './session.ts';

export async function withCustody<T>(
  session: Session,
  work: (tokens: TokenService) => Promise<T>,
): Promise<T> {
  return withSidecar(session, ({ tokens }) => work(tokens));
}

/** What it adds to the queue is done by the sidecars that run. */
export async function withSidecar<T>(
  session: Session,
  work: (context: SidecarContext) => Promise<T>,
): Promise<T> {
  const { documents, catalog, env, backends } = session;
  const { redactor } = backends;
  const view = stackView(documents, catalog);
  // Other commands shall not pay for loading it.
  const { assemble } = await import('../sidecar/assemble.ts');
  const parts = await assemble({
    settings: sidecarSettings(documents.platform, env, { posture: 'gateway' }),
    stack: { current: () => view },
    env,
    redactor,
    log: createLog({ env: { LOG_LEVEL: 'silent' }, redactor }),
    metrics: createMetrics(),
  });
  try {
    return await withTables(backends, () => work(parts.context));
  } finally {
    await parts.close(0);
  }
}
