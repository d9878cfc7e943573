import { createHash } from 'node:crypto';

/** A receiver as the function finds it in its secret. */
export interface Target {
  readonly name: string;
  readonly kind: 'slack' | 'telegram' | 'webhook';
  /** Where to post; in most cases a secret itself. */
  readonly url: string;
  /** Of Slack. */
  readonly channel?: string;
  /** Of Telegram. */
  readonly chat?: number;
  /** A bearer token. */
  readonly token?: string;
}

/** What a receiver is told. */
export interface Alert {
  readonly name: string;
  readonly severity: string;
  readonly firing: boolean;
  readonly description: string;
  /** Why CloudWatch thinks so. */
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Of each text: a message has two, and Telegram takes 4096 characters in all. */
const mostCharacters = 1500;

/** What CloudWatch says of an alarm; of anything else that somebody has sent to the topic, what it says. */
export function readAlert(message: string, severity: string, sentAt: string): Alert {
  const { AlarmName, AlarmDescription, NewStateValue, NewStateReason, StateChangeTime } =
    fields(message);
  if (AlarmName === undefined) {
    const description = cut(message);
    return { name: 'Message', severity, firing: true, description, reason: '', at: time(sentAt) };
  }
  return {
    name: AlarmName,
    severity,
    firing: NewStateValue !== 'OK',
    description: cut(AlarmDescription ?? ''),
    reason: cut(NewStateReason ?? ''),
    at: time(StateChangeTime ?? sentAt),
  };
}

/** What is posted to a receiver. */
export function requestOf(target: Target, alert: Alert): RequestInit {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (target.token !== undefined) headers.authorization = `Bearer ${target.token}`;
  return { method: 'POST', headers, body: JSON.stringify(bodyOf(target, alert)) };
}

function bodyOf({ kind, channel, chat, name }: Target, alert: Alert): object {
  switch (kind) {
    case 'slack':
      return { channel, text: escaped(textOf(alert)) };
    case 'telegram':
      // No parse_mode: what others have named is no markup.
      return { chat_id: chat, text: textOf(alert) };
    case 'webhook':
      return alertmanagers(name, alert);
  }
}

function textOf({ name, severity, firing, description, reason }: Alert): string {
  const head = `[${firing ? severity.toUpperCase() : 'RESOLVED'}] ${name}`;
  return [head, description, reason].filter((line) => line !== '').join('\n');
}

/** Of these characters Slack makes links and mentions. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The same as Alertmanager posts, so that whoever reads its alerts reads these. */
function alertmanagers(receiver: string, alert: Alert): object {
  const { name, severity, firing, description, reason, at } = alert;
  const status = firing ? 'firing' : 'resolved';
  const labels = { alertname: name, severity, job: 'cloudwatch' };
  const annotations = { summary: description, description: reason };
  const one = {
    status,
    labels,
    annotations,
    startsAt: at,
    endsAt: firing ? '0001-01-01T00:00:00Z' : at,
    generatorURL: '',
    fingerprint: createHash('sha256').update(name).digest('hex').slice(0, 16),
  };
  return {
    version: '4',
    groupKey: `{}:{alertname="${name}"}`,
    truncatedAlerts: 0,
    status,
    receiver,
    groupLabels: { alertname: name },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: '',
    alerts: [one],
  };
}

/** The members of a message that are texts. */
function fields(message: string): Partial<Record<string, string>> {
  try {
    const parsed: unknown = JSON.parse(message);
    const members = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [];
    return Object.fromEntries(members.filter(([, value]) => typeof value === 'string'));
  } catch {
    return {};
  }
}

function cut(text: string): string {
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)} …` : text;
}

function time(text: string): string {
  const known = Date.parse(text);
  return new Date(Number.isNaN(known) ? Date.now() : known).toISOString();
}
