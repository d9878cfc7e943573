import { z } from 'zod';
import { contradict } from './contradictions';
import { hiddenName } from './hidden';
import { address, login, receiver, receiverName, url } from './receivers';
import * as values from './values';

/* What is watched, for how long, and whom alerts reach. */

const names = z
  .array(receiverName, { error: 'a list of names of receivers' })
  .max(20, { error: 'at most 20 receivers' })
  .default([]);

const days = z
  .int({ error: 'a whole number of days from 1 to 3650' })
  .min(1, { error: 'at least 1 day' })
  .max(3650, { error: 'at most 3650 days' });

/** The settings `strata:monitoring`. */
export const monitoringSchema = z
  .strictObject({
    retention: z
      .strictObject({
        days: days.default(15).describe('Figures are kept this many days.'),
        size: values.memory
          .default('10G')
          .describe('The oldest figures go when they take more than this, such as 10G.'),
      })
      .prefault({})
      .describe('How long figures are kept; what is reached first counts.'),
    receivers: z
      .record(receiverName, receiver)
      .default({})
      .describe('Name → who or what alerts can reach.'),
    send: z
      .strictObject({
        critical: names.describe('Receivers of what needs somebody at once.'),
        warning: names.describe('Receivers of what needs somebody this day.'),
        watchdog: names.describe(
          'Receivers of the alert that always fires: they notice when it stops.',
        ),
      })
      .prefault({})
      .describe('Which receivers get what.'),
    smtp: z
      .strictObject({
        host: values.domain.describe('The mail server.'),
        port: values.port.default(587),
        from: address.describe('The sender.'),
        user: login.optional().describe('The login at the mail server.'),
        password: hiddenName.optional().describe('Names the secret that holds the password.'),
      })
      .superRefine((smtp, context) => {
        if ((smtp.user === undefined) === (smtp.password === undefined)) return;
        contradict(context, [], {
          reason: 'has only one of "user" and "password"',
          advice: 'Give both, or neither.',
        });
      })
      .optional()
      .describe('The server that mail is sent by, always over TLS.'),
    runbooks: url
      .optional()
      .describe('Where your runbooks are; the name of the alert is added behind a #.'),
    dashboards: z.boolean({ error: 'true or false' }).default(false).describe('Grafana.'),
    logs: z
      .boolean({ error: 'true or false' })
      .default(false)
      .describe('Loki, and Alloy that brings it the logs of all containers.'),
    traces: z.boolean({ error: 'true or false' }).default(false).describe('Tempo.'),
  })
  .superRefine((settings, context) => {
    const { receivers, send } = settings;
    const used = new Set(Object.values(send).flat());
    for (const [kind, wanted] of Object.entries(send)) {
      wanted.forEach((name, index) => {
        if (!Object.hasOwn(receivers, name)) {
          contradict(context, ['send', kind, index], {
            reason: `names the receiver "${name}", which there is not`,
            advice: 'Add it to "receivers", or take it out here.',
          });
        } else if (wanted.indexOf(name) < index) {
          contradict(context, ['send', kind, index], {
            reason: `names the receiver "${name}" a second time`,
            advice: 'Take one of the two out.',
          });
        }
      });
    }
    for (const name of Object.keys(receivers).filter((one) => !used.has(one))) {
      contradict(context, ['receivers', name], {
        reason: 'is a receiver that nothing is sent to',
        advice: 'Name it in "send", or take it out.',
      });
    }
  });

export type MonitoringSettings = z.output<typeof monitoringSchema>;
export type Receiver = MonitoringSettings['receivers'][string];
