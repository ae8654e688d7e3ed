/** What the runner makes of a schema that a sync cannot go on with. */
import { expect, test } from 'vitest';
import { TenantryError } from '../../../../src/errors.ts';
import { stackView } from '../../../../src/sidecar/stack/view.ts';
import { classify } from '../../../../src/sidecar/syncs/failures/classify.ts';
import { look, toldOf } from '../../../../src/sidecar/syncs/gate.ts';
import type { Runner } from '../../../../src/sidecar/syncs/parts.ts';
import { wantedOf } from '../../../../src/sidecar/syncs/wanted.ts';
import { documentsOf, integrationYaml, tenantYaml } from '../../../support/world.ts';

test('a run is held, with the change and the remedy in its own words', async () => {
  const { documents, catalog } = await documentsOf(tenantYaml('acme') + integrationYaml('acme', 'notion'));
  const wanted = wantedOf(stackView(documents, catalog), { tenant: 'acme', integration: 'notion' });
  if (!wanted) throw new Error('nothing is wanted');
  const asked: string[] = [];
  const blocked = new TenantryError('Blocked', 'field id of pages is gone', { hint: 'accept it' });
  const runner: Partial<Runner> = {
    classify,
    checkQuota: async () => void asked.push('quota'),
    tokens: {
      get: async () => {
        asked.push('token');
        return {} as never;
      },
    } as unknown as Runner['tokens'],
    schema: {
      before: async () => {
        asked.push('schema');
        throw blocked;
      },
      look: async () => [],
    },
  };
  const gate = await look(runner as Runner, wanted, new AbortController().signal);
  expect(asked).toEqual(['quota', 'token', 'schema']);
  expect(gate).toEqual({ is: 'held', error: blocked });
  expect(toldOf({ classify }, wanted, blocked)).toEqual({
    code: 'Blocked',
    class: 'schema',
    message: 'field id of pages is gone',
    nextStep: 'accept it',
  });
});
