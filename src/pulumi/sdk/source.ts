/** `tenantry:index:Source`: a tenant's account at a third-party service, as Airbyte reads it. */
import type * as pulumi from '@pulumi/pulumi';
import { Actor, type ActorArgs } from './actor.ts';

export type SourceArgs = ActorArgs;

/** Id: Airbyte's source id. Import id: that, or `<tenant>/<integration>/<source id>` where the source has no mark. */
export class Source extends Actor {
  /** The same as the id. */
  declare readonly sourceId: pulumi.Output<string>;

  constructor(name: string, args: SourceArgs, opts?: pulumi.CustomResourceOptions) {
    super('tenantry:index:Source', name, { args, outputs: ['sourceId', 'appliedVersion'] }, opts);
  }
}
