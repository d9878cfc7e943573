import { demand, endByHealth, serve } from './shared/program';

/**
 * A stand-in for darthsim/imgproxy as a container: `imgproxy` and `imgproxy health`, IMGPROXY_BIND, and the path
 * `/<signature>/<options>/plain/<address>`. The image comes back as it is, with the options in a header.
 */
const port = Number(demand('IMGPROXY_BIND').replace(/^.*:/, ''));

if (process.argv[2] === 'health') {
  endByHealth(`http://localhost:${String(port)}/health`);
} else {
  serve(port, async ({ url }) => {
    if (url.pathname === '/health') return [200, 'imgproxy is running'];
    const [, options = '', address = ''] = /^\/[^/]+\/(.*)\/plain\/(.+)$/.exec(url.pathname) ?? [];
    const image = await fetch(decodeURIComponent(address));
    const bytes = Buffer.from(await image.arrayBuffer());
    return [image.status, bytes, { 'content-type': 'image/webp', 'x-stand-in-options': options }];
  });
}
