import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { root } from '../../../../engine/root';
import { readyHook } from '../naming';
import { manifestKey } from './release';

/** Where a new server finds what it is to run. */
export interface UserDataArgs {
  readonly region: string;
  readonly bucket: string;
  /** Name of its group of servers. */
  readonly group: string;
  /** The release that it starts with; a server without one waits to be told. */
  readonly version?: string;
  /** Name of the scaling group that waits until it is healthy. */
  readonly scalingGroup?: string;
}

/** From the archive of Ubuntu 24.04. */
const packages = [
  'docker.io',
  'docker-buildx',
  'docker-compose-v2',
  'python3-boto3',
  'unattended-upgrades',
];

/** Containers outlive an upgrade of the engine, and neither logs nor what images are built from fill the disk. */
const daemon = {
  'live-restore': true,
  'log-driver': 'json-file',
  'log-opts': { 'max-size': '10m', 'max-file': '3' },
  builder: { gc: { enabled: true, defaultKeepStorage: '4GB' } },
};

/** Security updates come daily; when a server restarts is its operators' decision. */
const upgrades = `APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Automatic-Reboot "false";
`;

/**
 * Containers are stopped before the engine is, and so stay stopped until their files and disks are there again. It does
 * not require the engine: that would stop the platform whenever the engine is upgraded.
 */
const unit = `[Unit]
Description=The platform's release
Wants=docker.service network-online.target
After=docker.service network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/bin/strata-release boot
ExecStop=/usr/local/bin/strata-release stop
TimeoutStartSec=infinity
TimeoutStopSec=180
Restart=on-failure
RestartSec=30

[Install]
WantedBy=multi-user.target
`;

/** What cloud-init makes of a new server: an engine, and the program that fetches releases. It holds no secret. */
export function userData({ region, bucket, group, version, scalingGroup }: UserDataArgs): string {
  const hook = scalingGroup && { group: scalingGroup, name: readyHook };
  const release = { region, bucket, manifest: manifestKey(group), version, hook };
  const file = (name: string, content: string, permissions = '0644'): object => ({
    path: name,
    content,
    permissions,
  });
  const config = {
    package_update: true,
    package_upgrade: true,
    packages,
    write_files: [
      file('/etc/docker/daemon.json', `${JSON.stringify(daemon, null, 2)}\n`),
      file('/etc/apt/apt.conf.d/52strata', upgrades),
      file('/etc/strata/release.json', `${JSON.stringify(release)}\n`),
      file('/usr/local/bin/strata-release', program(), '0755'),
      file('/etc/systemd/system/strata.service', unit),
    ],
    runcmd: [
      ['systemctl', 'daemon-reload'],
      // Whoever waits for cloud-init does not wait for the platform.
      ['systemctl', 'enable', '--now', '--no-block', 'strata.service'],
    ],
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}

function program(): string {
  return readFileSync(
    path.join(root, 'components/targets/aws/release/server/strata-release'),
    'utf8',
  );
}
