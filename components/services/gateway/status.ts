import type { Layout } from './input';
import { block, file } from './text';

const privateNetworks = ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/** status.conf: nginx's figures for the exporter, on a port that is never published. */
export function status({ status }: Layout): string {
  return file(
    '# Figures for the exporter, inside the network alone.',
    block(
      'server',
      `listen ${status};`,
      'access_log off;',
      privateNetworks.map((network) => `allow ${network};`),
      'deny all;',
      block('location = /stub_status', 'stub_status;'),
      block('location /', 'return 404;'),
    ),
  );
}
