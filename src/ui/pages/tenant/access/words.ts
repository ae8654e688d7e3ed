/** What a token was used for, in plain words. */

import type { Schema } from '../../../../client/index.ts';

type Action = Schema<'AccessRecord'>['action'];

const ACTIONS: Readonly<Record<Action, string>> = {
  'token.read': 'Read the token',
  'token.refresh': 'Renewed the token',
  'token.store': 'Stored a credential',
  'token.revoke': 'Ended the credential',
  proxy: 'Called the service',
  tool: 'Used a tool',
  connect: 'Connected',
  preview: 'Looked at sample rows',
  'sync.check': 'Asked the service why a sync failed',
  'app.store': 'Stored an app of the tenant’s own',
  'app.remove': 'Removed the tenant’s own app',
};

/** A newer sidecar may know more of them. */
export function actionWords(action: Action): string {
  return ACTIONS[action] ?? action;
}
