import type { Problem } from '../../settings/errors';
import type { Settings } from '../../settings/schema';
import { showKey } from '../../settings/show';
import { mailCatcher } from '../mailpit';
import { isOn } from '../presets';

/** The settings as auth services are told them: mail goes to the catcher where no server of the user's is named. */
export function withMail(settings: Settings): Settings {
  const { auth, domain } = settings;
  if (auth.smtp || !isOn('mailpit', settings)) return settings;
  const { host, smtpPort: port } = mailCatcher;
  return { ...settings, auth: { ...auth, smtp: { host, port, sender: `no-reply@${domain}` } } };
}

/** Mail that people wait for and that reaches nobody. */
export function mailProblems(settings: Settings): Problem[] {
  const { auth, domain } = settings;
  const signsIn = isOn('hasura-auth', settings) || isOn('gotrue', settings);
  if (!signsIn || auth.smtp) return [];
  const key = showKey(['auth', 'smtp']);
  const advice = 'Name your mail server there.';
  if (!isOn('mailpit', settings)) {
    if (!auth.requireVerifiedEmail) return [];
    return [{ key, reason: 'is missing, and people must prove their addresses by mail', advice }];
  }
  if (domain === 'localhost') return [];
  const reason = 'is missing, and the mail catcher would keep what people wait for';
  return [{ key, reason, advice }];
}
