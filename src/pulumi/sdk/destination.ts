/** `tenantry:index:Destination`: the tenant's schema, as Airbyte writes to it. */
import type * as pulumi from '@pulumi/pulumi';
import { Actor, type ActorArgs } from './actor.ts';

export type DestinationArgs = ActorArgs;

/** Id: Airbyte's destination id. Import id: that, or `<tenant>/<destination id>` where the destination has no mark. */
export class Destination extends Actor {
  /** The same as the id. */
  declare readonly destinationId: pulumi.Output<string>;

  constructor(name: string, args: DestinationArgs, opts?: pulumi.CustomResourceOptions) {
    super('tenantry:index:Destination', name, { args, outputs: ['destinationId', 'appliedVersion'] }, opts);
  }
}
