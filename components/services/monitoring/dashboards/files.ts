import { graph, line } from './panel';

/** Files of tenants, whichever service keeps them. */
export const files = [
  graph(
    'Answers of storage',
    'reqps',
    line('{{status}}', 'sum by (status) (rate(storage_request_seconds_count[5m]))'),
  ),
  graph(
    'Refused by storage',
    'ops',
    line('{{code}}', 'sum by (code) (rate(storage_refusals_total[5m]))'),
  ),
  graph(
    'Bytes of storage',
    'bytes',
    line('{{direction}}', 'sum by (direction) (rate(storage_bytes_total[5m]))'),
  ),
  graph(
    'Put right by the sweeper',
    'short',
    line('{{what}}', 'sum by (what) (increase(storage_swept_total[1h]))'),
  ),
  graph(
    'Answers of Supabase’s storage',
    'reqps',
    line(
      '{{status_code}}',
      'sum by (status_code) (rate(storage_api_http_request_duration_seconds_count[5m]))',
    ),
  ),
  graph(
    'Time of Supabase’s storage',
    's',
    line(
      '{{operation}} 95 %',
      'histogram_quantile(0.95, sum by (le, operation) (rate(storage_api_http_request_duration_seconds_bucket[5m])))',
    ),
  ),
  graph(
    'Images made smaller',
    'ops',
    line('{{status}}', 'sum by (status) (rate(imgproxy_status_codes_total[5m]))'),
    line('failed: {{type}}', 'sum by (type) (rate(imgproxy_errors_total[5m]))'),
  ),
  graph(
    'Time of an image',
    's',
    line(
      '95 %',
      'histogram_quantile(0.95, sum by (le) (rate(imgproxy_request_duration_seconds_bucket[5m])))',
    ),
  ),
];
