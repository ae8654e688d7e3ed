/** Connects the tenants of the development environment by the sidecar's own links, as their people would. */
import { readStored } from '../credentials/store.ts';
import type { World } from '../resources/kind.ts';
import type { Sidecar } from '../sidecar/start.ts';
import type { Documents } from '../spec/documents.ts';
import { connectByLink } from './browser.ts';
import type { Environment } from './environment.ts';
import { connectLink } from './sidecar.ts';

/** Annotation of integrations that `tenantry dev` leaves unconnected. */
const CONNECT_ANNOTATION = 'tenantry.dev/connect';

export interface ConnectContext {
  readonly documents: Documents;
  readonly environment: Environment;
  readonly world: World;
  readonly sidecar: Sidecar;
  readonly signal: AbortSignal;
  /** `tenant/integration` that stay as they are. Default: none. */
  readonly except?: ReadonlySet<string>;
}

/** Integrations that can be connected here and are not yet. Returns how many were connected. */
export async function connectTenants(context: ConnectContext): Promise<number> {
  const { documents, environment, world, sidecar, signal, except } = context;
  const candidates = documents.integrations.filter(
    (document) =>
      document.spec.integration in environment.idp.clients &&
      document.metadata.annotations?.[CONNECT_ANNOTATION] !== 'by-hand',
  );
  const connected = await Promise.all(
    candidates.map(async ({ spec: { tenant, integration } }) => {
      if (except?.has(`${tenant}/${integration}`)) return 0;
      if (await readStored(world.vault, { tenant, integration }, world)) return 0;
      await connectByLink(await connectLink(sidecar, { tenant, integration }), tenant, signal);
      return 1;
    }),
  );
  return connected.reduce<number>((sum, one) => sum + one, 0);
}
