import type { z } from 'zod';

/** What a resource's functions know of the call besides the values. */
export interface Context {
  /** Names the resource for the engine; two resources of one name and type may differ in their parents. */
  readonly urn: string;
  /** The stack's short name, also where its full one is `organization/project/stack`. */
  readonly stack: string;
  /** The resource's name in the program. */
  readonly name: string;
  /** Aborted when the engine asks to stop, or is gone: whoever waits gives up and cleans up. */
  readonly signal: AbortSignal;
  /** Shows a passing line beside the resource while it is worked on. */
  progress(text: string): void;
  /** Shows a lasting warning beside the resource. */
  warn(text: string): void;
}

/** One bad input: the property, and what is wrong with which value, what is allowed, what to do. */
export interface Problem {
  readonly property: string;
  readonly reason: string;
}

/** Which properties differ and what each difference asks for. */
export type Changes = Partial<Record<string, 'update' | 'replace'>>;

/**
 * One kind of resource of the strata provider, without anything of Pulumi's protocol.
 * `Inputs` is what the program gives, `State` what is recorded (inputs and outputs together).
 */
export interface Resource<Inputs extends object, State extends Inputs> {
  /** Top-level properties; an unknown property or a bad value is refused before anything runs. */
  readonly inputs: z.ZodObject;
  /** Outputs that no preview can know; shown as unknown until the resource was made. */
  readonly computed: readonly Exclude<keyof State, keyof Inputs>[];
  /** Those of `computed` that an update changes: unknown in its preview too, while the others stay as recorded. */
  readonly volatile?: readonly Exclude<keyof State, keyof Inputs>[];
  /** Checks of single properties: called with those that are known, so already in the first preview. */
  precheck?(
    known: Partial<Inputs>,
    recorded: Partial<Inputs> | undefined,
    context: Context,
  ): Promise<Problem[]>;
  /** Checks that a schema cannot express; called only when every input is known and well-formed. */
  check?(inputs: Inputs, recorded: Inputs | undefined, context: Context): Promise<Problem[]>;
  /** What differs between what is recorded and what is wanted; an unknown input differs. */
  diff(state: State, inputs: Inputs): Changes;
  create(inputs: Inputs, context: Context): Promise<{ id: string; state: State }>;
  /** The live state; `undefined` only when it is certain that the resource is gone. */
  read(id: string, state: State, context: Context): Promise<State | undefined>;
  update?(id: string, state: State, inputs: Inputs, context: Context): Promise<State>;
  delete(id: string, state: State, context: Context): Promise<void>;
}

/** A resource of whatever inputs and state: what the host sees of each. */
export interface AnyResource extends Omit<Resource<object, object>, 'computed' | 'volatile'> {
  readonly computed: readonly string[];
  readonly volatile?: readonly string[];
}
