/** The authorization code of a provider that sends it by webhook instead of the redirect (Sentry). */
import type { SidecarContext } from '../context.ts';
import type { IntegrationView } from '../stack/view.ts';
import { takePendingCode } from '../webhooks/handshakes.ts';

/**
 * The code that a verified webhook brought for the installation that the redirect names. The installation's id is as
 * good as a secret: the provider makes it at random and shows it to the person's browser alone.
 */
export async function codeOfWebhook(
  context: SidecarContext,
  view: IntegrationView,
  given: URLSearchParams,
): Promise<string | undefined> {
  const { auth } = view.entry;
  const parameter = auth.kind === 'oauth2' ? auth.callbackFacts['installation_id'] : undefined;
  const installationId = parameter === undefined ? null : given.get(parameter);
  return installationId ? await takePendingCode(context, view, installationId) : undefined;
}
