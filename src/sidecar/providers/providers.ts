/** Brings together what a call to a provider needs: the catalog entry, the app with its secrets, and the way there. */
import type { CallOptions } from '../../clients/http.ts';
import type { IntegrationView } from '../stack/view.ts';
import type { AuthKind, ProviderContext } from './kind.ts';

export interface Providers {
  /**
   * @param facts of the stored credential, for placeholders of URLs
   * @throws MissingSetting when neither the document nor the platform (nor the environment) has an app
   */
  of(
    view: IntegrationView,
    facts?: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<{ readonly kind: AuthKind; readonly context: ProviderContext }>;
}
