import type { Metrics, OperationKind } from '../metrics';

/** One operation of a socket: without a kind until it was admitted and passed on. */
export interface Operation {
  kind: OperationKind | undefined;
}

/** What runs over one socket, by the ids that its client gave. */
export class Operations {
  private readonly running = new Map<string, Operation>();

  constructor(private readonly metrics: Metrics) {}

  get size(): number {
    return this.running.size;
  }

  /** Whether something runs whose one answer is being waited for. */
  get answering(): boolean {
    return [...this.running.values()].some(({ kind }) => kind !== 'subscription');
  }

  has(id: string): boolean {
    return this.running.has(id);
  }

  /** Whether the service behind knows this id. */
  isPassed(id: string | undefined): id is string {
    return id !== undefined && this.running.get(id)?.kind !== undefined;
  }

  start(id: string): Operation {
    const operation = { kind: undefined };
    this.running.set(id, operation);
    return operation;
  }

  /** False when it was ended meanwhile, whoever has taken its id since. */
  pass(id: string, operation: Operation, kind: OperationKind): boolean {
    if (this.running.get(id) !== operation) return false;
    operation.kind = kind;
    this.metrics.operationStarted(kind);
    return true;
  }

  /** False when it was ended before. */
  end(id: string, operation = this.running.get(id)): boolean {
    if (!operation || this.running.get(id) !== operation) return false;
    this.running.delete(id);
    if (operation.kind) this.metrics.operationEnded(operation.kind);
    return true;
  }

  clear(): void {
    for (const id of this.running.keys()) this.end(id);
  }
}
