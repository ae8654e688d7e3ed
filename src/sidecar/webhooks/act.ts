/** The job that does to an installation what a provider's event said: suspended, resumed or removed there. */
import type { CallOptions } from '../../clients/http.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError } from '../../errors.ts';
import type { SidecarContext } from '../context.ts';
import type { JobContext } from '../queue/queue.ts';
import { tellChanged } from '../tokens/notices.ts';
import { emitEvent, type OwnEvent } from './events.ts';
import { actPayload } from './tasks.ts';

interface Action extends Record<string, unknown> {
  readonly action: 'revoke' | 'suspend' | 'resume';
  readonly installation: string;
  readonly integration: string;
  readonly status: 'active' | 'suspended' | 'revoked' | null;
}

const TELLS: Readonly<Record<Action['action'], OwnEvent['type']>> = {
  revoke: 'integration.revoked',
  suspend: 'integration.suspended',
  resume: 'integration.resumed',
};

/** Every step may be repeated: the row that asks for it goes last. */
export function actHandler(
  context: SidecarContext,
): (payload: unknown, job: Pick<JobContext, 'signal'>) => Promise<void> {
  return async (payload, { signal }) => {
    const { tenant, event } = actPayload.parse(payload);
    const options = { signal };
    const [asked] = await context.database.asTenant(
      tenant,
      (query) =>
        query<Action>(
          `select a.action, a.installation, e.integration, i.status
             from tenantry.webhook_actions a
             join tenantry.webhook_events e on e.id = a.event
             left join tenantry.installations i on i.id = a.installation
            where a.event = $1`,
          [event],
        ),
      options,
    );
    if (asked === undefined) return;
    // A tenant that has connected anew meanwhile has another installation: this event is not about that one.
    const isLive = asked.status !== null && asked.status !== 'revoked';
    const isTold = isLive && (await act(context, tenant, asked, options));
    const { integration, action } = asked;
    const type = TELLS[action];
    if (!isTold) {
      await emitEvent(context, { tenant, integration, type, data: { by: 'provider' }, id: event }, options);
    }
    await context.database.asTenant(
      tenant,
      (query) => query('delete from tenantry.webhook_actions where event = $1', [event]),
      options,
    );
  };
}

/** @returns true when the tenant was told of it already: custody tells of each revocation itself */
async function act(
  context: SidecarContext,
  tenant: string,
  { action, installation, integration }: Action,
  options: CallOptions,
): Promise<boolean> {
  const place = { tenant, integration };
  const isTold = action === 'revoke' && (await revoked(context, place, options));
  const [to, from] =
    action === 'revoke'
      ? ['revoked', null]
      : action === 'suspend'
        ? ['suspended', 'active']
        : ['active', 'suspended'];
  await context.database.asTenant(
    tenant,
    (query) =>
      query(
        `update tenantry.installations set status = $2, updated_at = to_timestamp($4),
           revoked_at = case when $2 = 'revoked' then coalesce(revoked_at, to_timestamp($4)) end
         where id = $1 and ($3::text is null or status = $3)`,
        [installation, to, from, context.now() / 1000],
      ),
    options,
  );
  await tellChanged(context.database, place);
  return isTold;
}

/** False: its credential went before it did. */
async function revoked(
  { tokens }: SidecarContext,
  place: CredentialPlace,
  options: CallOptions,
): Promise<boolean> {
  try {
    await tokens.revoke(place, { id: 'system:webhook' }, options);
    return true;
  } catch (error) {
    if (asTenantryError(error).code === 'CredentialNotFoundError') return false;
    throw error;
  }
}
