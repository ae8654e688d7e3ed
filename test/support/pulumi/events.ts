/** The engine's events of one run (`--event-log`), read into what tests ask for. */

/** One thing that was done, or would be, to one resource. */
export interface Operation {
  /** `create`, `update`, `delete`, `replace`, `same`, `read`, … as Pulumi names them. */
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  /** Name of the resource in the program. */
  readonly name: string;
  /** Properties that differ. */
  readonly diffs: readonly string[];
}

export interface Diagnostic {
  readonly severity: string;
  readonly message: string;
  readonly urn: string | undefined;
}

export interface RunEvents {
  /** All but `same`, as planned; in the order of the engine. */
  readonly operations: readonly Operation[];
  /** Operations that were carried out to the end. */
  readonly done: readonly Operation[];
  /** Without those for the engine's own developers, and that a plugin is on PATH. */
  readonly diagnostics: readonly Diagnostic[];
  /** Number of resources by operation, as Pulumi's summary has it. */
  readonly changes: Readonly<Record<string, number>>;
}

interface Metadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly diffs?: readonly string[] | null;
  readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
}

interface EngineEvent {
  readonly resourcePreEvent?: { readonly metadata: Metadata };
  readonly resOutputsEvent?: { readonly metadata: Metadata };
  readonly diagnosticEvent?: { readonly urn?: string; readonly message: string; readonly severity: string };
  readonly summaryEvent?: { readonly resourceChanges?: Readonly<Record<string, number>> };
}

/** @param log lines of JSON; the last may be cut off by a kill */
export function readEvents(log: string): RunEvents {
  const events = log
    .split('\n')
    .map(parsed)
    .filter((event) => event !== undefined);
  const operations = events.flatMap(({ resourcePreEvent }) =>
    resourcePreEvent && resourcePreEvent.metadata.op !== 'same' ? [operation(resourcePreEvent.metadata)] : [],
  );
  const done = events.flatMap(({ resOutputsEvent }) =>
    resOutputsEvent && resOutputsEvent.metadata.op !== 'same' ? [operation(resOutputsEvent.metadata)] : [],
  );
  const diagnostics = events.flatMap(({ diagnosticEvent: found }) =>
    found && !isNoise(found)
      ? [{ severity: found.severity, message: withoutColour(found.message), urn: found.urn || undefined }]
      : [],
  );
  const summary = events.findLast(({ summaryEvent }) => summaryEvent)?.summaryEvent;
  return { operations, done, diagnostics, changes: summary?.resourceChanges ?? {} };
}

function isNoise({ severity, message }: { readonly severity: string; readonly message: string }): boolean {
  return severity === 'debug' || message.includes('from $PATH at');
}

function parsed(line: string): EngineEvent | undefined {
  try {
    return JSON.parse(line) as EngineEvent;
  } catch {
    return undefined;
  }
}

function operation({ op, urn, type, diffs, detailedDiff }: Metadata): Operation {
  const properties = detailedDiff ? Object.keys(detailedDiff) : (diffs ?? []);
  return { op, urn, type, name: urn.split('::').at(-1) ?? urn, diffs: properties };
}

/** Pulumi marks colours as `<{%fg 1%}>`. */
function withoutColour(text: string): string {
  return text.replace(/<\{%[^%]*%\}>/g, '');
}
