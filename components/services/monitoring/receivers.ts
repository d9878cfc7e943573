import type { MonitoringSettings, Receiver } from '../../settings/monitoring';
import type { SecretSource } from '../service';
import { secretFile } from '../paths';

/** The secrets of a receiver: those that Alertmanager reads from files, and those that must stand in its config. */
interface ReceiverSecrets {
  readonly files: Readonly<Record<string, SecretSource>>;
  readonly inline: Readonly<Record<string, SecretSource>>;
}

/**
 * A receiver as Alertmanager v0.25 and v0.34 both know it.
 *
 * `smtp_auth_password_file` came with v0.25, `slack_configs[].api_url_file` with v0.22, `authorization.credentials_file`
 * is older; `telegram_configs[].bot_token_file` and `webhook_configs[].url_file` came with v0.26 only, so these two
 * secrets stand in the file, which is then a secret itself. (Upstream's changelog and its documentation for 0.25 and 0.35,
 * 2026-11-21; `amtool check-config` of v0.25 and v0.34 in the tests.)
 */
export function receiverOf(name: string, receiver: Receiver) {
  switch (receiver.kind) {
    case 'mail':
      return { name, email_configs: receiver.to.map((to) => ({ to, send_resolved: true })) };
    case 'slack':
      return {
        name,
        slack_configs: [
          {
            api_url_file: secretFile(secretName(name, 'URL')),
            channel: receiver.channel,
            send_resolved: true,
          },
        ],
      };
    case 'telegram':
      return {
        name,
        telegram_configs: [
          {
            bot_token: `{{${secretName(name, 'TOKEN')}}}`,
            chat_id: receiver.chat,
            // Alerts carry names of others' making: as plain text they are no markup.
            parse_mode: '',
            send_resolved: true,
          },
        ],
      };
    case 'webhook':
      return {
        name,
        webhook_configs: [
          {
            url: receiver.url ?? `{{${secretName(name, 'URL')}}}`,
            max_alerts: 100,
            send_resolved: true,
            ...(receiver.token !== undefined && {
              http_config: {
                authorization: { credentials_file: secretFile(secretName(name, 'TOKEN')) },
              },
            }),
          },
        ],
      };
  }
}

export function secretsIn(name: string, receiver: Receiver): ReceiverSecrets {
  switch (receiver.kind) {
    case 'mail':
      return { files: {}, inline: {} };
    case 'slack':
      return { files: named(name, 'URL', receiver.url), inline: {} };
    case 'telegram':
      return { files: {}, inline: named(name, 'TOKEN', receiver.token) };
    case 'webhook':
      return {
        files: named(name, 'TOKEN', receiver.token),
        inline: named(name, 'URL', receiver.urlSecret),
      };
  }
}

/** The mail server for all receivers; always over TLS. */
export function mailServer({ smtp }: MonitoringSettings) {
  if (smtp === undefined) return {};
  return {
    global: {
      smtp_smarthost: `${smtp.host}:${smtp.port}`,
      smtp_from: smtp.from,
      smtp_require_tls: true,
      ...(smtp.user !== undefined && {
        smtp_auth_username: smtp.user,
        smtp_auth_password_file: secretFile('SMTP_PASSWORD'),
      }),
    },
  };
}

export function mailSecrets({ smtp }: MonitoringSettings): Record<string, SecretSource> {
  return smtp?.password === undefined ? {} : { SMTP_PASSWORD: { config: smtp.password } };
}

function named(name: string, part: string, config: string | undefined) {
  return config === undefined ? {} : { [secretName(name, part)]: { config } };
}

/** Names of receivers have no `_`, so two of them cannot become one name. */
function secretName(receiver: string, part: string): string {
  return `RECEIVER_${receiver.replaceAll('-', '_').toUpperCase()}_${part}`;
}
