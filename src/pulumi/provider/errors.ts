/** Errors as the engine takes them: text for people, and for a half-made object what there is of it. */
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import providers from '@pulumi/pulumi/proto/provider_pb.js';
import statuses from '@pulumi/pulumi/proto/status_pb.js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import { asTenantryError, type TenantryError } from '../../errors.ts';
import type { Redactor } from '../../redact.ts';
import type { Described } from './resource-type.ts';
import { encode, type Properties } from './wire.ts';

/** The object was made, and something about it failed: the state keeps it, and the next `up` goes on with it. */
export class PartialCreateError extends Error {
  readonly made: Described;
  readonly inputs: Properties;
  readonly reason: TenantryError;

  constructor(made: Described, inputs: Properties, reason: TenantryError) {
    super(reason.message, { cause: reason });
    this.made = made;
    this.inputs = inputs;
    this.reason = reason;
  }
}

/** Code, message and next step, without any secret. */
export function errorText(error: TenantryError, redactor: Redactor): string {
  return redactor.redact(`${error.code}: ${error.message}\n  → ${error.hint}`);
}

/** No stack: it says nothing to a user, and may hold what a message may not. */
export function asServiceError(error: unknown, redactor: Redactor): Partial<ServiceError> {
  if (!(error instanceof PartialCreateError)) {
    const known = asTenantryError(error);
    const code = known.code === 'Cancelled' ? status.CANCELLED : status.UNKNOWN;
    return { code, details: errorText(known, redactor) };
  }
  const details = errorText(error.reason, redactor);
  return { code: status.UNKNOWN, details, metadata: initFailed(error, details) };
}

/** `ErrorResourceInitFailed` in the details of a google.rpc.Status, where gRPC has no place of its own for it. */
function initFailed({ made, inputs }: PartialCreateError, reason: string): Metadata {
  const failed = new providers.ErrorResourceInitFailed();
  failed.setId(made.id);
  failed.setProperties(encode({ ...inputs, ...made.outputs }));
  failed.setInputs(encode(inputs));
  failed.setReasonsList([reason]);
  const detail = new any.Any();
  detail.pack(failed.serializeBinary(), 'pulumirpc.ErrorResourceInitFailed');
  const answer = new statuses.Status();
  answer.setCode(status.UNKNOWN);
  answer.setMessage(reason);
  answer.addDetails(detail);
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(answer.serializeBinary()));
  return metadata;
}
