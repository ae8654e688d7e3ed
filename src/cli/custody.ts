/** Token custody for a command: the sidecar's own, without its server and its queue at work. */
import { createLog } from '../log.ts';
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
    return await withTables(backends, () => work(parts.context.tokens));
  } finally {
    await parts.close(0);
  }
}
