/** What goes wrong between an MCP client and its server, as an error with a code. */
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { TenantryError } from '../../errors.ts';
import { upstreamFailure } from '../proxy/failure.ts';
import type { Mask } from '../proxy/mask.ts';

/** Longest text of the service in a message. */
const MOST_CHARACTERS = 500;

/** @param name of the service, as people know it */
export function toolFailure(error: unknown, name: string, mask: Mask): TenantryError {
  if (error instanceof StreamableHTTPError) return httpFailure(error, name);
  if (!(error instanceof McpError)) return upstreamFailure(error, name);
  switch (error.code) {
    case ErrorCode.RequestTimeout:
      return new TenantryError('UpstreamTimeout', `the MCP server of ${name} did not answer in time`);
    case ErrorCode.ConnectionClosed:
      return new TenantryError('UpstreamUnreachable', `the MCP server of ${name} broke off`);
    case ErrorCode.InvalidParams:
      return new TenantryError('InvalidRequest', `${name} refuses the parameters: ${wordsOf(error, mask)}`, {
        hint: 'see inputSchema in GET /api/v1/tools',
      });
    case ErrorCode.InternalError:
      return new TenantryError(
        'UpstreamUnreachable',
        `the MCP server of ${name} failed: ${wordsOf(error, mask)}`,
      );
    default:
      return new TenantryError('NotSupported', `${name} refuses it: ${wordsOf(error, mask)}`, {
        hint: 'see GET /api/v1/tools for what the service offers',
      });
  }
}

/** By the status alone: the text of the answer may be anything. */
function httpFailure({ code = 0 }: StreamableHTTPError, name: string): TenantryError {
  if (code === 401) {
    return new TenantryError('NeedsReauthorization', `the MCP server of ${name} refuses the credential`);
  }
  if (code === 429)
    return new TenantryError('RateLimited', `the MCP server of ${name} takes no more calls now`);
  if (code >= 500) {
    return new TenantryError('UpstreamUnreachable', `the MCP server of ${name} answers with status ${code}`);
  }
  return new TenantryError('ProviderRejected', `the MCP server of ${name} answers with status ${code}`, {
    hint: 'the credential may lack a scope, or the server wants another kind of token',
  });
}

function wordsOf({ message }: McpError, mask: Mask): string {
  const plain = mask
    .text(message)
    .replace(/^MCP error -?\d+: /, '')
    .replaceAll(/\p{Cc}+/gu, ' ');
  return plain.length > MOST_CHARACTERS ? `${plain.slice(0, MOST_CHARACTERS)}…` : plain;
}
