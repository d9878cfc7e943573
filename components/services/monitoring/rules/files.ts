import type { Rule } from './rule';

/** The platform's own storage. */
export const storageRules: readonly Rule[] = [
  {
    alert: 'StorageQuotaReached',
    expr: 'sum(increase(storage_refusals_total{code="quota_exceeded"}[15m])) > 0',
    severity: 'warning',
    summary: '{{ $value | humanize }} uploads were refused for want of space',
    description: 'A tenant or a user has used up what it may keep.',
  },
  {
    alert: 'StorageFails',
    expr: 'sum(rate(storage_request_seconds_count{status=~"5.."}[5m])) / sum(rate(storage_request_seconds_count[5m])) > 0.05',
    for: '5m',
    severity: 'critical',
    summary: '{{ $value | humanizePercentage }} of the requests for files fail',
    description: 'The object store or the database does not answer the storage service.',
  },
];

/** ClamAV, by what the storage service counts of it. */
export const scannerRules: readonly Rule[] = [
  {
    alert: 'VirusFound',
    expr: 'sum(increase(storage_refusals_total{code="virus_found"}[15m])) > 0',
    severity: 'warning',
    summary: '{{ $value | humanize }} uploads had a virus in them',
    description: 'They were not kept; the log says whose they were.',
  },
  {
    alert: 'ScannerUnavailable',
    expr: 'sum(increase(storage_refusals_total{code="scanner_unavailable"}[5m])) > 0',
    for: '5m',
    severity: 'critical',
    summary: 'No upload is taken: nobody searches them for viruses',
    description: 'ClamAV is away, or does not answer the storage service.',
  },
];

/**
 * Supabase's storage: OpenTelemetry's exporter with the prefix `storage_api`, health left out
 * (src/internal/monitoring/otel-metrics.ts at 09132cb3, src/http/plugins/metrics.ts at 0bdfccf8, read 2026-11-22). Not
 * seen live.
 */
const answered = 'storage_api_http_request_duration_seconds_count';

export const supabaseStorageRules: readonly Rule[] = [
  {
    alert: 'SupabaseStorageFails',
    expr: `sum(rate(${answered}{status_code=~"5.."}[5m])) / sum(rate(${answered}[5m])) > 0.05`,
    for: '5m',
    severity: 'critical',
    summary: '{{ $value | humanizePercentage }} of the requests for files fail',
    description: 'The object store or its database does not answer Supabase’s storage.',
  },
];

/** imgproxy, by docs.imgproxy.net/prometheus (3.30, read 2026-11-22), with our prefix. Not seen live. */
export const imgproxyRules: readonly Rule[] = [
  {
    alert: 'ImgproxyFails',
    expr: 'sum by (type) (rate(imgproxy_errors_total[5m])) > 0.1',
    for: '10m',
    severity: 'warning',
    summary: 'Images cannot be made smaller: {{ $labels.type }}',
    description: 'People see none: the store is slow, or somebody uploads what is no image.',
  },
];
