/** What the resource classes of the provider share: outputs that the engine must know of before they have a value. */
import * as pulumi from '@pulumi/pulumi';

/** `Retain` keeps the object in the world when its resource goes, `Delete` removes it. */
export type DeletionPolicy = 'Retain' | 'Delete';

/** Arguments that every resource has. */
export interface OwnedArgs {
  /** True takes over an object that is there already without a mark. Default false. */
  readonly adopt?: pulumi.Input<boolean> | undefined;
}

/** Arguments of what Airbyte gives an id. */
export interface AdoptingArgs extends OwnedArgs {
  /** Takes over the object with this id, whatever it is called, for as long as it has no mark. Default: by name only. */
  readonly adoptId?: pulumi.Input<string> | undefined;
}

/** A resource whose object carries the mark of its owner. */
export abstract class OwnedResource extends pulumi.CustomResource {
  /** Who the object belongs to, e.g. `pulumi:<project>/<stack>`; empty when it has no mark. */
  declare readonly owner: pulumi.Output<string>;

  constructor(type: string, name: string, state: ResourceState, opts?: pulumi.CustomResourceOptions) {
    const properties: pulumi.Inputs = { ...state.args };
    // An output that is not among the properties would be missing, and not unknown, during a preview.
    for (const output of ['owner', ...state.outputs]) properties[output] = undefined;
    super(type, name, properties, opts);
  }
}

interface ResourceState {
  readonly args: object;
  /** Names of outputs that are not arguments. */
  readonly outputs: readonly string[];
}
