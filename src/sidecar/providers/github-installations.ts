/** Makes sure that an installation belongs to the person who came back with it. */
import { TenantryError } from '../../errors.ts';
import { bearerHeaders } from './api-headers.ts';
import { callProvider } from './call.ts';
import { isObject, parseJson, valueAt } from './json.ts';
import { authOf, type ProviderContext } from './kind.ts';
import { noTokenSet, refusal } from './refusals.ts';

const PAGE = 100;
const MOST_PAGES = 20;

/**
 * https://docs.github.com/en/rest/apps/installations#list-app-installations-accessible-to-the-user-access-token
 * @throws AccountMismatch when it is not among the person's installations
 */
export async function requireOwnInstallation(
  context: ProviderContext,
  installation: string,
  userToken: string,
): Promise<void> {
  const { userInstallationsUrl } = authOf(context, 'github_app');
  const headers = bearerHeaders(context, userInstallationsUrl, userToken);
  for (let page = 1; page <= MOST_PAGES; page++) {
    const url = context.url(userInstallationsUrl);
    url.searchParams.set('per_page', String(PAGE));
    url.searchParams.set('page', String(page));
    const answer = await callProvider(context, url, { method: 'GET', headers });
    if (answer.status !== 200) throw refusal(context, answer, 'account');
    const list = valueAt(parseJson(answer.text), 'installations');
    if (!Array.isArray(list)) throw noTokenSet(context, answer);
    if (list.some((each) => isObject(each) && String(each['id']) === installation)) return;
    if (list.length < PAGE) break;
  }
  const { name } = context.entry;
  throw new TenantryError(
    'AccountMismatch',
    `the installation is not one of the person who came from ${name}`,
    {
      hint: `connect again, and install the app at ${name} with an account that may manage it`,
    },
  );
}
