import type { BucketContent, FileContent, SecretSource, Service } from './service';

/** Every secret that a service names, those inside its files too. */
export function sources(service: Service): SecretSource[] {
  const inText = (content: FileContent): SecretSource[] =>
    typeof content === 'string' ? [] : Object.values(content.secrets);
  return [
    ...Object.values(service.secrets),
    ...Object.values(service.secretEnvironment ?? {}).flatMap((value) =>
      'template' in value ? inText(value) : [value],
    ),
    ...Object.values(service.files).flatMap(inText),
  ];
}

/** The buckets that services open, each once. */
export function bucketsOf(services: readonly Service[]): BucketContent[] {
  const named = services
    .flatMap(sources)
    .flatMap((source) => ('bucket' in source ? source.bucket : []));
  return [...new Set(named)].sort();
}
