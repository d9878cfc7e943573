import type { Problem } from './errors';
import type { Settings } from './schema';
import { oneOf, showKey } from './show';

/** Where the settings name a member of `strata:secrets` → the name. */
type Named = readonly [path: readonly PropertyKey[], name: string | undefined];

/**
 * Secrets that the settings name and that `strata:secrets` does not have. The name is not shown: people write the
 * secret where its name belongs.
 */
export function missingSecrets(settings: Settings): Problem[] {
  const known = settings.secrets;
  return [
    ...ofAuth(settings),
    ...ofCustomServices(settings),
    ...ofFunctions(settings),
    ...ofGateway(settings),
    ...ofHooks(settings),
    ...ofMonitoring(settings),
    ...ofOauth(settings),
    ...ofStorage(settings),
    ...ofTenancy(settings),
  ]
    .filter(([, name]) => name !== undefined && !known.includes(name))
    .map(([path]) => ({
      key: showKey(path),
      reason: 'names a secret that is not set',
      ...(known.length > 0 && { allowed: oneOf(known) }),
      advice: 'Set it: npm run pulumi -- config set --secret --path strata:secrets.<name>',
    }));
}

function ofAuth({ auth: { providers, smtp } }: Settings): Named[] {
  return [
    ...Object.entries(providers).map(([name, { secret }]): Named => [
      ['auth', 'providers', name, 'secret'],
      secret,
    ]),
    [['auth', 'smtp', 'password'], smtp?.password],
  ];
}

function ofCustomServices({ customServices }: Settings): Named[] {
  return Object.entries(customServices).flatMap(([service, { secrets }]) =>
    Object.entries(secrets).map(([variable, name]): Named => [
      ['customServices', service, 'secrets', variable],
      name,
    ]),
  );
}

function ofFunctions({ functions }: Settings): Named[] {
  return Object.entries(functions.secrets).map(([variable, name]) => [
    ['functions', 'secrets', variable],
    name,
  ]);
}

function ofGateway({ gateway: { tls } }: Settings): Named[] {
  return [
    [['gateway', 'tls', 'certificate'], tls.certificate],
    [['gateway', 'tls', 'key'], tls.key],
  ];
}

function ofHooks({ hooks }: Settings): Named[] {
  const out = hooks.out.map((hook, index): Named =>
    hook.kind === 'webhook'
      ? [['hooks', 'out', index, 'secret'], hook.secret]
      : [['hooks', 'out', index, 'token'], hook.token],
  );
  return [...out, [['hooks', 'in', 'secret'], hooks.in?.secret]];
}

function ofMonitoring({ monitoring: { receivers, smtp } }: Settings): Named[] {
  const ofReceivers = Object.entries(receivers).flatMap(([name, receiver]): Named[] => {
    const path = (member: string) => ['monitoring', 'receivers', name, member];
    if (receiver.kind === 'mail') return [];
    if (receiver.kind === 'slack') return [[path('url'), receiver.url]];
    if (receiver.kind === 'telegram') return [[path('token'), receiver.token]];
    return [
      [path('urlSecret'), receiver.urlSecret],
      [path('token'), receiver.token],
    ];
  });
  return [...ofReceivers, [['monitoring', 'smtp', 'password'], smtp?.password]];
}

function ofOauth({ oauth: { clients } }: Settings): Named[] {
  return Object.entries(clients).map(([id, { secret }]) => [
    ['oauth', 'clients', id, 'secret'],
    secret,
  ]);
}

function ofStorage({ storage: { s3 } }: Settings): Named[] {
  return [
    [['storage', 's3', 'accessKey'], s3?.accessKey],
    [['storage', 's3', 'secretKey'], s3?.secretKey],
  ];
}

function ofTenancy({ tenancy: { shards } }: Settings): Named[] {
  return Object.entries(shards).map(([name, { url }]) => [['tenancy', 'shards', name, 'url'], url]);
}
