import { S3Client } from '@aws-sdk/client-s3';
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';

interface Options {
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly pathStyle: boolean;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Without one of its own, the library writes to the console what the caller of it is told anyway. */
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function nothing(): void {
  return;
}

/** Makes clients that share their connections: there is one client for each key, and a key for each tenant. */
export function clientFactory(): (options: Options) => S3Client {
  const httpAgent = new Agent({ keepAlive: true, maxSockets: 200 });
  const httpsAgent = new TlsAgent({ keepAlive: true, maxSockets: 200 });
  return ({ endpoint, region, pathStyle, accessKeyId, secretAccessKey }) =>
    new S3Client({
      ...(endpoint !== undefined && { endpoint }),
      region,
      forcePathStyle: pathStyle,
      credentials: { accessKeyId, secretAccessKey },
      // Bodies are streams whose checksum is not known when they begin.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: 2,
      logger: silent,
      requestHandler: { connectionTimeout: 3_000, socketTimeout: 60_000, httpAgent, httpsAgent },
    });
}
