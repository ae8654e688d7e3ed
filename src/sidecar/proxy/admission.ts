/** Decides whether a caller may use a tenant's integration through the proxy or its tools. */
import { TenantryError } from '../../errors.ts';
import { type Caller, tenantOf } from '../callers/caller.ts';
import type { SidecarContext } from '../context.ts';
import { type IntegrationView, requireIntegration } from '../stack/view.ts';

export interface Asked {
  readonly integration: string;
  /** Tenant that the request names; the caller's own where it names none. */
  readonly tenant: string | undefined;
  readonly use: 'proxy' | 'tools';
}

/**
 * @throws Unauthenticated, Forbidden (another tenant, suspended, or not allowed by spec.access), NotFound
 */
export function admitted(
  { stack }: Pick<SidecarContext, 'stack'>,
  caller: Caller | null,
  { integration, tenant: named, use }: Asked,
): IntegrationView {
  if (caller === null) throw new TenantryError('Unauthenticated', 'the request has no verified caller');
  const tenant = tenantOf(caller, named);
  const view = requireIntegration(stack.current(), tenant, integration);
  if (view.tenant.spec.suspend || view.document.spec.suspend) {
    const which = view.tenant.spec.suspend ? `tenant ${tenant}` : `${integration} of ${tenant}`;
    throw new TenantryError('Forbidden', `${which} is suspended`, {
      hint: 'take spec.suspend out of its document',
    });
  }
  if (!view.document.spec.access[use]) {
    throw new TenantryError('Forbidden', `the document of ${integration} does not allow ${use}`, {
      hint: `set spec.access.${use} of the TenantIntegration to true`,
    });
  }
  return view;
}
