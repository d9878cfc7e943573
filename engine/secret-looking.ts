const secretWord =
  /(^|_)(PASS|PASSWD|PASSWORD|PASSPHRASE|PWD|SECRETS?|TOKENS?|KEYS?|APIKEY|CREDENTIALS?|PRIVATE|DSN|AUTH|SALT|CERT|JWT|COOKIE|WEBHOOK)(_|$)/i;

/** `scheme://user:password@host`, and the prefixes that vendors put before their keys. */
const secretValue =
  /:\/\/[^/\s:@]*:[^@\s]+@|^(sk|pk|rk|ghp|gho|xox[abp]|glpat|AKIA|eyJ|SG\.)[-_A-Za-z0-9.]{8,}|-----BEGIN /;

/** True when a variable may hold a secret: rather one too many than one in a file that everybody reads. */
export function looksSecret(variable: string, value: string): boolean {
  return secretWord.test(variable) || isSecretForm(value) || random(value);
}

/** True when a value has the form of a secret: a URL with a password, the prefix of a vendor's keys, a private key. */
export function isSecretForm(value: string): boolean {
  return secretValue.test(value);
}

/** A long word without sense, as generators make them. */
function random(value: string): boolean {
  return (
    value.length >= 24 &&
    /^[A-Za-z0-9+/_=-]+$/.test(value) &&
    /\d/.test(value) &&
    /[A-Za-z]/.test(value)
  );
}

/** The name in `strata:secrets` for a variable of a service: `shop` and STRIPE_KEY give shop-stripe-key. */
export function secretNameFor(service: string, variable: string): string {
  const word = variable
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return `${service}-${word}`.slice(0, 63).replace(/-+$/, '');
}
