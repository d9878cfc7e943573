import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { readAlert, requestOf, type Alert, type Target } from './messages';

/** What SNS calls the function with. */
export interface SnsEvent {
  readonly Records: readonly {
    readonly Sns: {
      readonly TopicArn: string;
      readonly Message: string;
      readonly Timestamp: string;
    };
  }[];
}

/** What the secret holds: ARN of a topic → who is told of what is sent to it. */
export type Book = Readonly<
  Record<string, { readonly severity: string; readonly receivers: readonly Target[] }>
>;

const timeoutMs = 10_000;
const secrets = new SecretsManagerClient({});

/**
 * Tells every receiver of an alarm, whether the others can be reached or not. Throws an error that names those that could
 * not: Lambda then calls again, twice, and who was reached hears it again. Neither it nor the log says where a receiver is.
 *
 * Of the alarm about the function's own errors it fails to tell without an error: that would be the next alarm, for ever.
 */
export async function handler({ Records }: SnsEvent): Promise<void> {
  const book = await read();
  const failures = await Promise.all(Records.map((record) => tellAll(record.Sns, book)));
  if (failures.some((all) => all.length > 0)) throw new Error(failures.flat().join('; '));
}

/** Why receivers do not know of it, where that is to be an error. */
async function tellAll(
  { TopicArn, Message, Timestamp }: SnsEvent['Records'][number]['Sns'],
  book: Book,
): Promise<string[]> {
  const { severity, receivers } = book[TopicArn] ?? { severity: 'unknown', receivers: [] };
  const alert = readAlert(Message, severity, Timestamp);
  const told = await Promise.all(receivers.map((target) => tell(target, alert)));
  const failures = told.filter((failure) => failure !== undefined);
  if (alert.name !== process.env.OWN_ALARM) return failures;
  for (const failure of failures) process.stderr.write(`${failure}\n`);
  return [];
}

/** Each time: alarms are rare, and receivers change. */
async function read(): Promise<Book> {
  const { SecretString = '{}' } = await secrets.send(
    new GetSecretValueCommand({ SecretId: process.env.SECRET }),
  );
  return JSON.parse(SecretString) as Book;
}

/** Why a receiver does not know of it; nothing when it does. */
async function tell(target: Target, alert: Alert): Promise<string | undefined> {
  const { name, url } = target;
  try {
    const answer = await fetch(url, {
      ...requestOf(target, alert),
      // Another address is not the one that the secret names.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await answer.body?.cancel();
    return answer.ok ? undefined : `receiver ${name} answered ${String(answer.status)}`;
  } catch (error) {
    return `receiver ${name} was not reached: ${codeOf(error)}`;
  }
}

/** Messages of errors name the address. */
function codeOf(error: unknown): string {
  const { name, cause } = error as Error & { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : name;
}
