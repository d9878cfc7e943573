import { Struct, type JavaScriptValue } from 'google-protobuf/google/protobuf/struct_pb';

/** The engine's sign for a value that is not known yet. */
export const unknown = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

const signatureKey = '4dabf18193072939515e22adb298388d';
const secretSignature = '1b47061264138c4ac30d75fd1eb44270';

export type Values = Record<string, unknown>;

/** What the engine sent: plain values, and what of them is secret. */
export interface Received {
  readonly values: Values;
  /** Top-level properties that are, or hold, a secret. */
  readonly secretProperties: ReadonlySet<string>;
  /** Every secret text, so that no message repeats one. */
  readonly secretTexts: ReadonlySet<string>;
}

/** Unpacks a protobuf struct; secrets come as signed wrappers. */
export function receive(struct: Struct | undefined): Received {
  const secretTexts = new Set<string>();
  const secretProperties = new Set<string>();
  const values: Values = {};
  for (const [name, packed] of Object.entries(struct?.toJavaScript() ?? {})) {
    values[name] = unwrap(packed, false, (text) => {
      secretProperties.add(name);
      if (text !== undefined) [text, ...passwordsOf(text)].forEach((one) => secretTexts.add(one));
    });
  }
  return { values, secretProperties, secretTexts };
}

/** Packs values; the named properties become secrets. */
export function send(values: object, secretProperties: Iterable<string> = []): Struct {
  const secrets = new Set(secretProperties);
  const packed = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]): [string, unknown] => [
      name,
      secrets.has(name) ? wrap(value) : withoutUndefined(value),
    ]);
  return Struct.fromJavaScript(Object.fromEntries(packed) as Record<string, JavaScriptValue>);
}

/** Whether any part of a value is not known yet. */
export function isUnknown(value: unknown): boolean {
  if (value === unknown) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(isUnknown);
}

/** The properties that are completely known. */
export function known(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !isUnknown(value)));
}

/** Takes every secret out of a text that a person will read. */
export function redact(text: string, secrets: Iterable<string>): string {
  let result = text;
  for (const secret of secrets) {
    // A very short text would be found in innocent words and hides nothing that could not be guessed.
    if (secret.length >= 6) result = result.replaceAll(secret, '[secret]');
  }
  return result;
}

function unwrap(value: unknown, secret: boolean, onSecret: (text?: string) => void): unknown {
  if (Array.isArray(value)) return value.map((item) => unwrap(item, secret, onSecret));
  if (typeof value !== 'object' || value === null) {
    if (secret && typeof value === 'string' && value !== unknown) onSecret(value);
    return value;
  }
  const members = value as Values;
  if (members[signatureKey] === secretSignature) {
    onSecret();
    return unwrap(members.value, true, onSecret);
  }
  return Object.fromEntries(
    Object.entries(members).map(([name, item]) => [name, unwrap(item, secret, onSecret)]),
  );
}

/** The password of a secret URL, as it stands there and as it is meant: errors may repeat it without the URL. */
function passwordsOf(text: string): string[] {
  if (!URL.canParse(text)) return [];
  const { password } = new URL(text);
  return password ? [password, unescape(password)] : [];
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function wrap(value: unknown): Values {
  return { [signatureKey]: secretSignature, value: withoutUndefined(value) };
}

/** Protobuf's structs cannot hold undefined. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([name, item]) => [name, withoutUndefined(item)]),
  );
}
