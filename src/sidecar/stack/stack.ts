/** Documents that the sidecar serves, wherever they come from: opened, followed and given back. */
import type { FastifyBaseLogger } from 'fastify';
import type { ErrorCode } from '../../errors.ts';
import type { PlatformDocument } from '../../spec/platform.ts';
import type { ReferredCredential } from '../../spec/tenant-config.ts';
import type { Stack, StackView } from './view.ts';

export interface OpenStack extends Stack {
  /** @throws KubernetesUnreachable and the like while documents of an API server are not in for the first time */
  current(): StackView;
  /** Known before the other documents are. */
  platform(): PlatformDocument;
  /** Why the documents are not there yet, as far as it is known. Undefined once they are, whatever happens later. */
  missing(): { readonly code?: ErrorCode } | undefined;
  /** Resolves when the documents are in. Files are read before anything else. @throws Cancelled when the signal aborts */
  complete(signal?: AbortSignal): Promise<void>;
  /** Reads the documents now. @throws InvalidDocumentsError, and the view stays as it was */
  reload(): Promise<void>;
  /** Credentials that the tenant config file refers to. */
  readonly referred: readonly ReferredCredential[];
  /** Follows changes until the signal aborts; a mistake in them leaves the view as it was and is logged. */
  follow(log: FastifyBaseLogger, signal: AbortSignal, onChange?: (view: StackView) => void): void;
  close(): Promise<void>;
}
