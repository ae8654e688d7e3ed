/** `tenantry/connect`: importing it defines `<tenantry-connect>`. */
import { TenantryConnect } from './element.ts';
import type { TenantryConnectEvents } from './events.ts';

export type { TenantryConnectEvents } from './events.ts';
export { de } from './messages/de.ts';
export { en } from './messages/en.ts';
export type { Messages } from './messages/messages.ts';
export type { RenewSession } from './session.ts';
export { TenantryConnect };

declare global {
  interface HTMLElementTagNameMap {
    'tenantry-connect': TenantryConnect;
  }
  interface HTMLElementEventMap {
    'tenantry-connected': CustomEvent<TenantryConnectEvents['tenantry-connected']>;
    'tenantry-failed': CustomEvent<TenantryConnectEvents['tenantry-failed']>;
    'tenantry-closed': CustomEvent<TenantryConnectEvents['tenantry-closed']>;
    'tenantry-disconnected': CustomEvent<TenantryConnectEvents['tenantry-disconnected']>;
  }
}

if (globalThis.customElements && !customElements.get('tenantry-connect')) {
  customElements.define('tenantry-connect', TenantryConnect);
}
