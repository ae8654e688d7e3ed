/** A mistake in the inputs as the protocol tells it. */
import providers from '@pulumi/pulumi/proto/provider_pb.js';
import type { Failure } from './check.ts';

export function checkFailure({ property, reason }: Failure): providers.CheckFailure {
  const failure = new providers.CheckFailure();
  failure.setProperty(property);
  failure.setReason(reason);
  return failure;
}
