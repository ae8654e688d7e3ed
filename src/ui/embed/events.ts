/** What the component tells the page: events that bubble, also out of the page's own shadow trees. */

export interface TenantryConnectEvents {
  'tenantry-connected': { readonly integration: string };
  /** `code` is one of the sidecar's errors, e.g. ConnectDenied. */
  'tenantry-failed': { readonly integration: string; readonly code: string };
  /** The window was closed, or cut off by the provider: `tenantry-connected` may still follow. */
  'tenantry-closed': { readonly integration: string };
  'tenantry-disconnected': { readonly integration: string };
}

export function tell<Name extends keyof TenantryConnectEvents>(
  element: EventTarget,
  name: Name,
  detail: TenantryConnectEvents[Name],
): void {
  element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}
