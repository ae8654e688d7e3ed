/** Puts the sidecar into a Pod: a pure function that gives the changes as a JSON Patch (RFC 6902). */
import { TenantryError } from '../../errors.ts';
import {
  SIDECAR_CONTAINER,
  type SidecarOf,
  sidecarContainer,
  sidecarUrl,
  sidecarVolumes,
} from './container.ts';
import { covers } from './covers.ts';
import { type Container, INJECT_LABEL, INJECTED_ANNOTATION, type Pod, type Volume } from './pod.ts';

/** `add` is the only operation that injection needs: for a member that is there it replaces (RFC 6902, section 4.1). */
export interface PatchOperation {
  readonly op: 'add';
  /** JSON Pointer (RFC 6901). */
  readonly path: string;
  readonly value: unknown;
}

/** The variable by which an application finds its sidecar, also read by the client library's examples. */
const URL_VARIABLE = 'TENANTRY_URL';

/**
 * The changes that put the sidecar into the Pod; none when it is there already, as it should be.
 * @throws InvalidDocument for a Pod that cannot have one, with what to do
 */
export function injection(pod: Pod, sidecar: SidecarOf): readonly PatchOperation[] {
  refuseUnfit(pod, sidecar);
  return [
    ...annotated(pod),
    ...volumesWith(pod, sidecarVolumes(sidecar.settings)),
    ...containersWith(pod, sidecar),
  ];
}

function refuseUnfit({ spec }: Pod, { settings }: SidecarOf): void {
  if (spec.hostNetwork === true) {
    throw unfit(
      'the Pod has hostNetwork: true, so every program of the node could use the sidecar without a credential',
      'remove hostNetwork, or use the sidecar in posture gateway with a credential',
    );
  }
  if (spec.shareProcessNamespace === true) {
    throw unfit(
      'the Pod has shareProcessNamespace: true, so its other containers could read the sidecar’s logins',
      'remove shareProcessNamespace, or use the sidecar in posture gateway with a credential',
    );
  }
  if (spec.os?.name === 'windows')
    throw unfit('the Pod is for Windows, and the sidecar’s image is for Linux');
  const others = [...spec.containers, ...(spec.initContainers ?? [])].filter(
    ({ name }) => name !== SIDECAR_CONTAINER,
  );
  const rival = others.find(({ ports = [] }) =>
    ports.some(
      ({ containerPort, protocol = 'TCP' }) => containerPort === settings.port && protocol === 'TCP',
    ),
  );
  if (rival !== undefined) {
    throw unfit(
      `the container "${rival.name}" has port ${settings.port}, which is the sidecar’s`,
      'use another port in the container, or set another one in the settings of the injection',
    );
  }
}

function unfit(message: string, hint = `remove the label ${INJECT_LABEL}`): TenantryError {
  return new TenantryError('InvalidDocument', message, { hint });
}

function isOurs({ metadata }: Pod): boolean {
  return metadata?.annotations?.[INJECTED_ANNOTATION] === 'true';
}

function annotated(pod: Pod): PatchOperation[] {
  if (isOurs(pod)) return [];
  if (pod.metadata?.annotations === undefined) {
    return [{ op: 'add', path: '/metadata/annotations', value: { [INJECTED_ANNOTATION]: 'true' } }];
  }
  const pointer = INJECTED_ANNOTATION.replaceAll('~', '~0').replaceAll('/', '~1');
  return [{ op: 'add', path: `/metadata/annotations/${pointer}`, value: 'true' }];
}

function volumesWith(pod: Pod, needed: readonly Volume[]): PatchOperation[] {
  const there = pod.spec.volumes ?? [];
  const byName = new Map(there.map((volume) => [volume.name, volume]));
  const missing = needed.filter((volume) => !covers(byName.get(volume.name), volume));
  if (missing.length === 0) return [];
  const foreign = missing.find(({ name }) => byName.has(name) && !isOurs(pod));
  if (foreign !== undefined) {
    throw unfit(
      `the Pod has a volume "${foreign.name}" of its own, and the sidecar’s has the same name`,
      'give the volume another name',
    );
  }
  const replaced = new Set(missing.map(({ name }) => name));
  return [
    {
      op: 'add',
      path: '/spec/volumes',
      value: [...there.filter(({ name }) => !replaced.has(name)), ...missing],
    },
  ];
}

function containersWith(pod: Pod, sidecar: SidecarOf): PatchOperation[] {
  const { containers, initContainers = [] } = pod.spec;
  const { list, at } = withSidecar(pod, sidecarContainer(sidecar));
  const url = sidecarUrl(sidecar.settings);
  // What runs before the sidecar cannot use it.
  const inits = list.map((container, index) => (index > at ? withUrl(container, url) : container));
  const changed =
    inits.length !== initContainers.length || inits.some((item, i) => item !== initContainers[i]);
  return [
    ...(changed ? [{ op: 'add' as const, path: '/spec/initContainers', value: inits }] : []),
    ...containers.flatMap((container, index): PatchOperation[] => {
      const { env } = withUrl(container, url);
      return env === container.env ? [] : [{ op: 'add', path: `/spec/containers/${index}/env`, value: env }];
    }),
  ];
}

/** The init containers with the sidecar among them, and its place. */
function withSidecar(
  pod: Pod,
  wanted: Container,
): { readonly list: readonly Container[]; readonly at: number } {
  const { containers, initContainers = [] } = pod.spec;
  const place = initContainers.findIndex(({ name }) => name === SIDECAR_CONTAINER);
  const there = initContainers[place];
  const taken = containers.some(({ name }) => name === SIDECAR_CONTAINER);
  if (taken || (there !== undefined && !isOurs(pod))) {
    throw unfit(
      `the Pod has a container "${SIDECAR_CONTAINER}" of its own`,
      'give the container another name, or remove it and let it be injected',
    );
  }
  if (there === undefined) {
    // Other sidecars go first: without that of a service mesh ours would have no network and wait for ever.
    const at = initContainers.findLastIndex(({ restartPolicy }) => restartPolicy === 'Always') + 1;
    return { list: initContainers.toSpliced(at, 0, wanted), at };
  }
  if (covers(there, wanted)) return { list: initContainers, at: place };
  return { list: initContainers.with(place, renewed(there, wanted)), at: place };
}

/** What others added to our container stays, such as the mount of the service account's token. */
function renewed(there: Container, wanted: Container): Container {
  const paths = new Set(wanted.volumeMounts?.map(({ mountPath }) => mountPath));
  const others = (there.volumeMounts ?? []).filter(({ mountPath }) => !paths.has(mountPath));
  return { ...there, ...wanted, volumeMounts: [...(wanted.volumeMounts ?? []), ...others] };
}

/** An application that sets the variable itself knows why. */
function withUrl(container: Container, url: string): Container {
  const { env = [] } = container;
  if (env.some(({ name }) => name === URL_VARIABLE)) return container;
  return { ...container, env: [...env, { name: URL_VARIABLE, value: url }] };
}
