/**
 * What nobody knows before there is traffic, for each resource and month. Every estimate prints those that it used.
 */
export const assumptions = {
  'nat-gateway-data': { quantity: 50, says: '50 GB through each NAT gateway' },
  'interface-endpoint-data': { quantity: 5, says: '5 GB through each interface endpoint' },
  'load-balancer-capacity': {
    quantity: 730,
    says: 'one capacity unit of each load balancer at any time',
  },
  objects: { quantity: 10, says: '10 GB in each bucket' },
  'logs-ingested': { quantity: 5, says: '5 GB written to each log group' },
  'logs-kept': { quantity: 5, says: '5 GB kept in each log group' },
  'web-acl-requests': { quantity: 10, says: '10 million requests looked at by each web ACL' },
  'content-delivery': { quantity: 50, says: '50 GB delivered by each distribution' },
} as const;

export type Assumed = keyof typeof assumptions;

/** What costs money and cannot be counted from resources at all. */
export const neverCounted = [
  'traffic to the internet and between zones',
  'requests to S3, CloudFront, KMS, Secrets Manager and Lambda',
  'queries to Route 53',
  'later snapshots of volumes (what changes after the first)',
  'daily snapshots of ElastiCache',
  'what a volume of RDS grows by itself',
  'backups of RDS that are larger than its volume',
  'CPU credits of instance types t3 and t4g',
  'taxes',
  'discounts (free tier, Savings Plans, reservations)',
] as const;
