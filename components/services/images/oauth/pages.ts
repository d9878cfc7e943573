import { createHash } from 'node:crypto';
import { escapeHtml } from '../shared/escape';
import type { Choice } from './people';

const style = `
body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.4rem}label{display:block;margin:.8rem 0}input:not([type=radio]){display:block;width:100%;box-sizing:border-box;padding:.5rem;font:inherit}
button{font:inherit;padding:.5rem 1rem;margin:1rem .5rem 0 0}.wrong{color:#a00}`;

const styleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;

/**
 * What a page may do: show itself, and send its form to us and on to `next`, where the form leads. Without `next` it is a
 * page of oidc-provider's: only that of form_post has a form, which goes to the client.
 */
export function policy(next?: string): string {
  return [
    "default-src 'none'",
    `style-src ${styleHash}`,
    // Browsers hold redirects after a form to this as well.
    ...(next === undefined ? [] : [`form-action 'self' ${next}`]),
    "frame-ancestors 'none'",
    "base-uri 'none'",
    // Named so that oidc-provider can add the hash of the one script that form_post needs.
    "script-src 'none'",
  ].join('; ');
}

/** Where somebody signs in. `askCode`: their second factor as well. */
export function signInPage(given: {
  readonly client: string;
  readonly email?: string;
  readonly askCode: boolean;
  readonly wrong?: string;
}): string {
  const { client, email = '', askCode, wrong } = given;
  return page('Sign in', [
    `<p>to go on to <strong>${escapeHtml(client)}</strong></p>`,
    wrong === undefined ? '' : `<p class="wrong" role="alert">${escapeHtml(wrong)}</p>`,
    '<form method="post">',
    `<label>E-mail<input name="email" type="email" autocomplete="username" required maxlength="254" value="${escapeHtml(email)}"></label>`,
    '<label>Password<input name="password" type="password" autocomplete="current-password" required maxlength="1024"></label>',
    askCode
      ? '<label>Code of your second factor<input name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="16"></label>'
      : '',
    '<button name="action" value="sign-in">Sign in</button>',
    '<button name="action" value="deny" formnovalidate>Cancel</button>',
    '</form>',
  ]);
}

/** Where somebody chooses for which tenant a client is let in, and sees what it asks for. */
export function consentPage(given: {
  readonly client: string;
  /** Where the answer goes: what a client calls itself proves nothing. */
  readonly destination: string;
  readonly scopes: readonly string[];
  readonly tenants: readonly Choice[];
}): string {
  const { client, destination, scopes, tenants } = given;
  const radios = tenants.map(
    ({ id, slug, name = slug }, index) =>
      `<label><input type="radio" name="tenant" value="${escapeHtml(id)}" required${index === 0 ? ' checked' : ''}> ${escapeHtml(name)}</label>`,
  );
  return page('Let it in?', [
    `<p><strong>${escapeHtml(client)}</strong> (${escapeHtml(destination)}) asks for:</p>`,
    `<ul>${scopes.map((scope) => `<li>${escapeHtml(wording(scope))}</li>`).join('')}</ul>`,
    '<form method="post">',
    `<fieldset><legend>in</legend>${radios.join('')}</fieldset>`,
    '<button name="action" value="allow">Allow</button>',
    '<button name="action" value="deny" formnovalidate>Refuse</button>',
    '</form>',
  ]);
}

/** One sentence, where there is nothing to do. */
export function sentencePage(title: string, sentence: string): string {
  return page(title, [`<p>${escapeHtml(sentence)}</p>`]);
}

function wording(scope: string): string {
  if (scope === 'openid') return 'who you are';
  const [area = '', action] = scope.split(':');
  const what = action === '*' ? 'reading and writing' : action === 'write' ? 'writing' : 'reading';
  return `${what}: ${area}`;
}

function page(title: string, body: readonly string[]): string {
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${style}</style></head>`,
    `<body><h1>${escapeHtml(title)}</h1>`,
    ...body.filter((line) => line !== ''),
    '</body></html>',
    '',
  ].join('\n');
}
