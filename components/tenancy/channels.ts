import { channelRules } from './declaration';
import { isRecord, show, unknownKeys, wordProblems } from './wording';

/** What is wrong with what a declaration tells over WebSocket, a sentence each. */

/** A name that begins with no sign, so that none is mistaken for a key of every object. */
const pattern = /^(?:[a-z0-9][\w.:/@-]{0,99})?\*?$/i;

export function realtimeProblems(
  table: string,
  { realtime, read }: Record<string, unknown>,
): string[] {
  if (realtime === undefined) return [];
  if (realtime !== true) {
    return [`${table}.realtime is ${show(realtime)}: expected true; without it no change is told`];
  }
  return read === 'nobody'
    ? [
        `${table}.realtime is true but ${table}.read is 'nobody': nobody could be told; leave it out`,
      ]
    : [];
}

export function channelsProblems(channels: unknown): string[] {
  if (channels === undefined) return [];
  if (!isRecord(channels)) {
    return [
      `channels is ${show(channels)}: expected { 'project:*': { listen: 'member', send: 'member' } }`,
    ];
  }
  return Object.entries(channels).flatMap(([name, rules]) => [
    ...nameProblems(name, channels),
    ...rulesProblems(name, rules),
  ]);
}

function nameProblems(name: string, channels: Record<string, unknown>): string[] {
  const where = `channels has ${show(name)}:`;
  if (name === '' || !pattern.test(name)) {
    return [
      `${where} a channel's name is of letters, digits and _ . : / @ -, begins with a letter or digit, has at most 100 ` +
        'characters, and may have one * at its end',
    ];
  }
  if (/^realtime:/i.test(name)) {
    return [`${where} clients put realtime: before the name themselves; write it without`];
  }
  return Object.hasOwn(channels, `${name}*`)
    ? [
        `${where} ${show(`${name}*`)} stands there as well; write the longer one with its sign, such as ${show(`${name}:*`)}`,
      ]
    : [];
}

function rulesProblems(name: string, rules: unknown): string[] {
  const where = `channels[${show(name)}]`;
  if (!isRecord(rules)) return [`${where} is ${show(rules)}: expected { listen: …, send: … }`];
  return [
    ...unknownKeys(`${where}.`, rules, ['listen', 'send']),
    ...wordProblems(`${where}.listen`, rules.listen, channelRules),
    ...wordProblems(`${where}.send`, rules.send, [...channelRules, 'nobody']),
    ...(['listen', 'send'] as const)
      .filter((right) => rules[right] === 'self' && !name.endsWith('*'))
      .map(
        (right) =>
          `${where}.${right} is 'self' but nothing of the name is a user's id: end it in *, as ${show('user:*')}`,
      ),
  ];
}
