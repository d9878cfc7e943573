import { image } from '../images';
import { serversOf } from '../../tiers/placement';
import type { Workload } from '../service';
import { lokiUrl } from './loki';
import { file } from '../paths';
import { serverName, type Monitored } from './names';

const name = 'alloy';
const port = 12345;
const socket = '/var/run/docker.sock';

/**
 * Alloy: brings the logs of this deployment's containers to Loki, and counts what the gateway answered.
 *
 * The one service that has the engine's socket, mounted read-only. That protects the file, not the engine: who takes Alloy
 * over has the host. So it is off unless asked for, listens to Prometheus only and takes no input but logs. It is root
 * without any capability, because only root opens the socket on every host. Components and arguments are those of
 * upstream's documentation for 1.x (2026-11-21); it was not run here.
 */
export function alloy(settings: Monitored): Workload {
  const several = serversOf(settings.tier, { name }) > 1;
  return {
    kind: 'workload',
    name,
    image: image(settings, 'alloy'),
    command: [
      'run',
      `--server.http.listen-addr=0.0.0.0:${port}`,
      '--storage.path=/tmp/alloy',
      '--disable-reporting',
      file('config.alloy'),
    ],
    environment: {},
    secrets: {},
    files: { 'config.alloy': alloyConfig(several) },
    scratch: ['/tmp'],
    user: '0:0',
    hostFolders: { [socket]: socket, ...(several && serverName.folder) },
    needs: ['loki'],
    port,
    health: '/-/ready',
    metrics: { port, path: '/metrics' },
    readsSchema: false,
    routes: {},
    replicas: 1,
    resources: { memory: '512M' },
  };
}

const fileOfServer = `
local.file "server" {
  filename = "${serverName.file}"
}
`;

/** Containers are called the same on each of several servers: their lines are told apart by the server's name. */
const ofServer = `
  external_labels = {
    server = string.trim_space(local.file.server.content),
  }
`;

/**
 * The network alias of a container is its service; only the gateway's log is JSON that is counted. By service, not by tenant:
 * with a histogram for each tenant the answer would hold more series than Prometheus takes; the guard counts tenants.
 */
const alloyConfig = (
  several: boolean,
) => `// The gateway writes no secrets into its log; other programs are asked not to.
discovery.docker "containers" {
  host = "unix://${socket}"
}

discovery.relabel "containers" {
  targets = discovery.docker.containers.targets

  rule {
    source_labels = ["__meta_docker_container_name"]
    regex         = "/(.*)"
    target_label  = "container"
  }
}

loki.source.docker "containers" {
  host          = "unix://${socket}"
  targets       = discovery.relabel.containers.output
  forward_to    = [loki.process.figures.receiver]
  relabel_rules = discovery.relabel.containers.rules
}

loki.process "figures" {
  forward_to = [loki.write.loki.receiver]

  stage.match {
    selector = "{container=~\\".*gateway.*\\"}"

    stage.json {
      expressions = { status = "status", service = "service", seconds = "seconds" }
    }

    stage.labels {
      values = { status = "", service = "" }
    }

    stage.metrics {
      metric.counter {
        name        = "requests_total"
        description = "Requests that the gateway answered"
        prefix      = "strata_gateway_"
        source      = "status"
        action      = "inc"
      }

      metric.histogram {
        name        = "seconds"
        description = "How long they took"
        prefix      = "strata_gateway_"
        source      = "seconds"
        buckets     = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30]
      }
    }

    // Enough for the figures; as labels in Loki they would make a stream for each.
    stage.label_drop {
      values = ["status", "service"]
    }
  }
}

loki.write "loki" {
  endpoint {
    url = "${lokiUrl}/loki/api/v1/push"
  }
${several ? ofServer : ''}}
${several ? fileOfServer : ''}`;
