import type { EngineEvent, StepEventStateMetadata } from '@pulumi/pulumi/automation';
import { parseUrn } from '../../provider/host/urn';

/** A resource as it is, or as it is to be; secrets are left out of its properties, unknown ones are a sign of the engine. */
export interface Properties {
  readonly id: string;
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
}

/** What the engine would do with one resource. */
export interface Step {
  /** Pulumi's word: `same`, `create`, `replace`, `delete-replaced`, … */
  readonly operation: string;
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** Absent for what is not there yet. */
  readonly before?: Properties;
  /** Absent for what goes. */
  readonly after?: Properties;
  /** Properties that force a replacement. */
  readonly because: readonly string[];
}

/** What the engine said was wrong. */
export interface Complaint {
  /** Absent where it is about no resource. */
  readonly urn?: string;
  readonly message: string;
}

/** Collects what the engine would do while it previews. */
export class Collector {
  readonly steps: Step[] = [];
  readonly complaints: Complaint[] = [];

  readonly see = ({ resourcePreEvent, diagnosticEvent }: EngineEvent): void => {
    if (diagnosticEvent?.severity === 'error') {
      const { urn, message } = diagnosticEvent;
      this.complaints.push({ message, ...(urn && { urn }) });
    }
    if (!resourcePreEvent) return;
    const { op, urn, type, old: before, new: after, keys } = resourcePreEvent.metadata;
    // To look at what is there is no change of it.
    if (op === 'refresh') return;
    this.steps.push({
      operation: op,
      urn,
      type,
      name: parseUrn(urn).name,
      ...(before && { before: properties(before) }),
      ...(after && { after: properties(after) }),
      because: keys ?? [],
    });
  };
}

function properties({ id, type, inputs, protect }: StepEventStateMetadata): Properties {
  return { id, type, inputs: inputs as Record<string, unknown>, protect: protect ?? false };
}
