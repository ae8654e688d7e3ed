/** The part of the Platform document that says what documents from Kubernetes may reach. */
import { z } from 'zod';

/** No segment begins with a dot, so that no path leads upwards. */
const VAULT_PLACE =
  /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*\/data(\/(\{tenant\}|[A-Za-z0-9_-][A-Za-z0-9_.-]*))+(\/\*)?$/;
const HOST = /^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

const references = z
  .strictObject({
    vault: z
      .array(
        z.string().regex(VAULT_PLACE, {
          error:
            'must be a KV v2 path as Vault’s HTTP API has it, e.g. secret/data/shared/* or teams/data/{tenant}/*',
        }),
      )
      .default([])
      .describe(
        'Secrets that ${VAULT:path:key} may name beside those of the tenant’s own folder: a path, or with /* at its end everything below it; {tenant} stands for the tenant’s name. Default: none.',
      ),
    env: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be the name of a variable' }))
      .default([])
      .describe('Variables of the operator and the sidecar that ${ENV:NAME} may name. Default: none.'),
  })
  .describe(
    'What references in documents from Kubernetes may name: they are read with Tenantry’s own rights.',
  );

export const operator = z
  .strictObject({
    references: references.prefault({}),
    hosts: z
      .array(
        z.string().regex(HOST, {
          error: 'must be a host in lower-case letters, or *. and a domain for all below it',
        }),
      )
      .default([])
      .describe(
        'Hosts that spec.config may name beside those of the catalog, e.g. github.example.com or *.example.com: Airbyte calls them, and some are given the tenant’s token. Default: none.',
      ),
    adopt: z
      .boolean()
      .default(false)
      .describe(
        'May a document from Kubernetes say adopt: true? It takes over objects that Tenantry did not make, and with deletionPolicy: Delete they go with it. Default false.',
      ),
  })
  .describe(
    'What documents from Kubernetes may do, whose authors need not be platform engineers. Files are not concerned.',
  );

export type OperatorSpec = z.output<typeof operator>;
