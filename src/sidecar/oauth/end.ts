/** Sends the person on at the end of a flow: back to the product, or to a page that tells its opener. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { asTenantryError } from '../../errors.ts';
import type { SidecarContext } from '../context.ts';
import { sendProblem } from '../problem.ts';
import type { IntegrationView } from '../stack/view.ts';
import type { Flow } from './flows.ts';
import { sendOn, sendPage } from './page.ts';
import { publicError } from './public-error.ts';
import { connectedPage, failedPage } from './result-page.ts';
import { isAllowedReturn, returnsOf, returnUrl } from './return-address.ts';

export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** True for a program that wants to read an error; a browser that navigates asks for HTML. */
export function wantsJson({ headers: { accept = '' } }: FastifyRequest): boolean {
  return accept.includes('json') && !accept.includes('text/html');
}

/** Runs the last step of a flow that was taken, and answers whatever comes of it. */
export async function endFlow(
  { settings, log }: SidecarContext,
  { flow, view }: { readonly flow: Flow; readonly view: Pick<IntegrationView, 'tenant' | 'entry'> },
  { request, reply }: Exchange,
  lastStep: () => Promise<void>,
): Promise<FastifyReply> {
  const { integration, openerOrigin } = flow;
  const { name } = view.entry;
  // The list may have changed since the flow was begun.
  const isAllowed = flow.returnTo !== undefined && isAllowedReturn(flow.returnTo, returnsOf(settings));
  const returnTo = isAllowed ? flow.returnTo : undefined;
  try {
    await lastStep();
  } catch (thrown) {
    const error = asTenantryError(thrown);
    log[error.status >= 500 ? 'error' : 'info']({ err: error, flow: flow.id }, 'connecting failed');
    if (wantsJson(request)) return sendProblem(publicError(thrown), request, reply);
    if (returnTo !== undefined)
      return sendOn(reply, returnUrl(returnTo, { status: 'failed', integration, error: error.code }));
    return sendPage(reply, failedPage(publicError(thrown), { integration, name, openerOrigin }));
  }
  if (returnTo !== undefined) return sendOn(reply, returnUrl(returnTo, { status: 'connected', integration }));
  const tenant = view.tenant.spec.displayName ?? view.tenant.metadata.name;
  return sendPage(reply, connectedPage({ integration, name, openerOrigin, tenant }));
}
