/** The one question of an installation page: which tenant installs, or asks an owner to. */
import { type Exchange, sendPage } from './exchange.ts';
import { isTenantName } from './interaction.ts';
import { type InstallPage, installPage } from './page.ts';
import { readFields } from './request.ts';

export interface InstallChoice {
  readonly tenant: string;
  readonly decision: 'install' | 'request';
}

/**
 * What the person chose; undefined when the page was shown instead. `auto=1` (or `auto=request`) with a login_hint needs
 * no person.
 */
export async function readInstallChoice(
  { request, response, query }: Exchange,
  page: Pick<InstallPage, 'vendor' | 'app' | 'choices'>,
): Promise<InstallChoice | undefined> {
  const hint = query.get('login_hint') ?? '';
  const posted = request.method === 'POST';
  const fields = posted ? await readFields(request) : { tenant: hint, decision: query.get('auto') ?? '' };
  const tenant = fields.tenant ?? '';
  const decision = DECISIONS[fields.decision ?? ''];
  if (decision !== undefined && page.choices.includes(decision) && isTenantName(tenant))
    return { tenant, decision };
  const problem = posted ? { problem: 'Name a tenant and choose.' } : {};
  const known = isTenantName(hint) ? hint : undefined;
  sendPage(response, posted ? 400 : 200, installPage({ ...page, tenant: known, ...problem }));
  return undefined;
}

/** "approve" is the word of the other vendors' pages, 1 that of `auto`. */
const DECISIONS: Readonly<Record<string, InstallChoice['decision']>> = {
  '1': 'install',
  approve: 'install',
  install: 'install',
  request: 'request',
};
