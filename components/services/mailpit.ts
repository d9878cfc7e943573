import type { Settings } from '../settings/schema';
import { publicUrl } from './gateway/hosts';
import { image } from './images';
import { file } from './paths';
import type { Workload } from './service';

/** Where services send mail to: without TLS, with any login or none. */
export const mailCatcher = { host: 'mailhog', smtpPort: 1025 } as const;

const port = 8025;
const metricsPort = 9091;
const path = '/mail';

/**
 * A catcher of mail for development: whatever is sent to `mailhog:1025` is shown at `/mail/` to operators and goes nowhere
 * else. It is Mailpit, and called `mailhog` because clients made with Go's net/smtp send a password without TLS to few
 * names only; those of Nhost's auth service know this one (internal/lib/notifications, stdlib.go).
 *
 * Mail holds links that sign people in, so the pages and the API ask for the operators' login themselves, which the gateway
 * passes on: every container of the network can open the port. Kept are 500 messages of 5 MB at most in a temporary file,
 * which is in memory and ends with the container. Healthy when it is ready to take mail. Costs one small process.
 *
 * Facts, read 2026-11-22 in github.com/axllent/mailpit v1.30.5: variables in cmd/root.go, paths in server/server.go (health
 * asks for no login), origins in server/cors.go, its Dockerfile (no USER; the program runs as any). Tried with that version,
 * built from its Go module. Figures: internal/prometheus/metrics.go, whose counters add their whole sum again each 15 s, so
 * only its gauges say something.
 */
export function mailpit(settings: Settings): Workload {
  return {
    kind: 'workload',
    name: mailCatcher.host,
    image: image(settings, 'mailpit'),
    environment: {
      MP_SMTP_BIND_ADDR: `0.0.0.0:${mailCatcher.smtpPort}`,
      MP_SMTP_AUTH_ACCEPT_ANY: 'true',
      MP_SMTP_AUTH_ALLOW_INSECURE: 'true',
      // A look at who sends would wait for names that nobody has.
      MP_SMTP_DISABLE_RDNS: 'true',
      MP_UI_BIND_ADDR: `0.0.0.0:${port}`,
      MP_UI_AUTH_FILE: file('operators'),
      MP_WEBROOT: path,
      // The gateway names the host without its port, which would be another origin than the browser's.
      MP_API_CORS: publicUrl(settings),
      MP_BLOCK_REMOTE_CSS_AND_FONTS: 'true',
      MP_DISABLE_VERSION_CHECK: 'true',
      MP_MAX_MESSAGES: '500',
      MP_MAX_MESSAGE_SIZE: '5',
      // A port of its own: at the pages' port it would want the operators' login.
      MP_ENABLE_PROMETHEUS: `0.0.0.0:${metricsPort}`,
    },
    secrets: {},
    files: {
      operators: {
        template: 'operator:{{OPERATOR}}\n',
        secrets: { OPERATOR: { platform: 'operator' } },
      },
    },
    scratch: ['/tmp'],
    user: '1000:1000',
    resources: { memory: '256M' },
    needs: [],
    port,
    expose: [mailCatcher.smtpPort],
    health: `${path}/readyz`,
    metrics: { port: metricsPort, path: '/metrics' },
    readsSchema: false,
    routes: {
      mail: {
        path: `${path}/`,
        access: 'operator',
        websocket: true,
        passLogin: true,
        maxBody: '6M',
      },
    },
    replicas: 1,
  };
}
