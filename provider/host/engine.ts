import { credentials } from '@grpc/grpc-js';
import { EngineClient } from '@pulumi/pulumi/proto/engine_grpc_pb';
import { LogRequest, LogSeverity } from '@pulumi/pulumi/proto/engine_pb';

const watchMs = 500;

/** The engine's side of the conversation: lines that it shows beside a resource. */
export class Engine {
  private client: EngineClient | undefined;

  /** Connects to the engine at `address` (host:port). */
  attach(address: string): void {
    this.client = new EngineClient(address, credentials.createInsecure());
  }

  /** A passing line: the next one takes its place. */
  progress(urn: string, text: string): void {
    this.log(urn, text, LogSeverity.INFO, true);
  }

  warn(urn: string, text: string): void {
    this.log(urn, text, LogSeverity.WARNING, false);
  }

  private log(urn: string, text: string, severity: LogSeverity, ephemeral: boolean): void {
    const line = new LogRequest()
      .setUrn(urn)
      .setMessage(text)
      .setSeverity(severity)
      .setEphemeral(ephemeral);
    // A line that the engine does not take any more is nobody's loss.
    this.client?.log(line, () => undefined);
  }
}

/** Calls `gone` once the process that started this one has ended, however it ended. */
export function watchParent(gone: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }, watchMs);
  timer.unref();
}
