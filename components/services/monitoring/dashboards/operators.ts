import { graph, line } from './panel';

/** Pages for operators, which have few figures of their own. */
export const operators = [
  graph(
    'Mail that was caught',
    'short',
    line('kept', 'mailpit_messages'),
    line('not read', 'mailpit_messages_unread'),
  ),
];
