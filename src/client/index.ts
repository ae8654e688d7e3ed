/** `tenantry/client`: calls the sidecar from Node and browsers, with the types of its OpenAPI document. */

export { createSidecarClient, type SidecarClient, type SidecarClientOptions } from './client.ts';
export { type Problem, SidecarError, type SidecarErrorCode, type SidecarErrorFields } from './error.ts';
export type { components, operations, paths } from './openapi.ts';
export type { ProxyInit } from './proxy.ts';
export type { SyncPlace } from './sync-events.ts';
export type { Call, Input, Inputs, Output, Schema } from './types.ts';
