/** The documents of refresh-hour: tenants with many integrations of one strict provider; and a clock that runs faster. */
import { type StackView, stackView } from '../../src/sidecar/stack/view.ts';
import { documentsOf, integrationYaml, tenantYaml } from '../../test/support/world.ts';

export interface Place {
  readonly tenant: string;
  readonly integration: string;
}

/** Integrations of one tenant. */
const EACH = 100;

/** The provider's own origin, which leads to the strict one. */
export const ORIGIN = 'https://api.linear.app';

export function placesOf(credentials: number): Place[] {
  return Array.from({ length: credentials }, (_, index) => ({
    tenant: `tenant-${Math.floor(index / EACH)}`,
    integration: `service-${index % EACH}`,
  }));
}

/** As many documents as credentials, cut from one pattern: reading 100,000 files is not what is measured. */
export async function stackOf(credentials: number): Promise<StackView> {
  const app = { clientId: 'client', clientSecret: '${ENV:SECRET}' };
  const pattern = await documentsOf(tenantYaml('acme') + integrationYaml('acme', 'linear', { app }));
  const [tenant] = pattern.documents.tenants;
  const [integration] = pattern.documents.integrations;
  const entry = pattern.catalog.get('linear');
  if (!tenant || !integration || !entry) throw new Error('the pattern of the documents is not whole');
  const places = placesOf(credentials);
  const names = new Set(places.map((place) => place.tenant));
  const documents = {
    ...pattern.documents,
    tenants: [...names].map((name) => ({ ...tenant, metadata: { ...tenant.metadata, name } })),
    integrations: places.map((place) => ({ ...integration, spec: { ...integration.spec, ...place } })),
  };
  const ids = new Set(places.map((place) => place.integration));
  return stackView(documents, new Map([...ids].map((id) => [id, { ...entry, id }])));
}

/** A clock that all processes share: it ran like any other until `realStart`, and runs faster since. */
export interface FastClock {
  readonly realStart: number;
  /** What it shows at `realStart`, in milliseconds since 1970. */
  readonly start: number;
  readonly speed: number;
}

export function timeOf({ realStart, start, speed }: FastClock): number {
  return start + (Date.now() - realStart) * speed;
}
