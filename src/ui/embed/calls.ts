/** What the component asks of the sidecar. */
import type { Begun, Embedded, FlowState } from './answers.ts';
import type { Session } from './session.ts';

export const list = (session: Session): Promise<Embedded> => session.call('GET', '/embed/integrations');

/** For a page: the sidecar takes its origin from the request. */
export const begin = (session: Session, integration: string): Promise<Begun> =>
  session.call('POST', `/embed/integrations/${encodeURIComponent(integration)}/connect`);

export const look = (session: Session, flow: string): Promise<FlowState> =>
  session.call('GET', `/embed/flows/${encodeURIComponent(flow)}`);

export const disconnect = (session: Session, integration: string): Promise<unknown> =>
  session.call('DELETE', `/embed/integrations/${encodeURIComponent(integration)}`);
