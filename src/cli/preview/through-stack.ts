/** Previews with the stack's own parts: the engineer's logins, the same guard and the same records as the sidecar's. */
import type { CredentialPlace } from '../../credentials/store.ts';
import type { Caller } from '../../sidecar/callers/caller.ts';
import { rowsView, streamsView } from '../../sidecar/preview/answers.ts';
import { sampleRows } from '../../sidecar/preview/sample.ts';
import { previewStreams } from '../../sidecar/preview/streams.ts';
import { admitted } from '../../sidecar/proxy/admission.ts';
import { createAgents } from '../../sidecar/proxy/agents.ts';
import { sleepFor } from '../../sidecar/proxy/sleep.ts';
import { requireIntegration } from '../../sidecar/stack/view.ts';
import { requirePlace } from '../credentials/place.ts';
import { withSidecar } from '../custody.ts';
import type { Io } from '../io.ts';
import { type OpenOptions, withSession } from '../session.ts';
import type { PreviewAccess } from './access.ts';

export async function throughStack<T>(
  options: OpenOptions & { readonly place: CredentialPlace },
  io: Io,
  work: (access: PreviewAccess) => Promise<T>,
): Promise<T> {
  const { place } = options;
  return withSession({ ...options, readOnly: true, withoutAirbyte: true }, io, async (session) => {
    requirePlace(session, place);
    const signal = AbortSignal.any([io.stop, io.abort]);
    const caller: Caller = { kind: 'loopback', id: session.owner, role: 'admin', tenants: 'all' };
    return withSidecar(session, async (context) => {
      const agents = createAgents();
      try {
        return await work({
          async streams() {
            const view = requireIntegration(context.stack.current(), place.tenant, place.integration);
            return streamsView(place, await previewStreams(context, view, { signal }));
          },
          async rows(stream, limit) {
            const view = admitted(context, caller, { ...place, use: 'proxy' });
            const call = { view, place, actor: caller.id, stream, signal };
            return rowsView(call, await sampleRows({ context, agents, sleep: sleepFor }, call, limit));
          },
        });
      } finally {
        await agents.close();
      }
    });
  });
}
