import { Html, html, type Part } from './html';
import { pageSize } from './registry';
import { count } from './words';

/** Below which everything of this program is. */
export const base = '/admin/';

const places = [
  ['', 'Overview'],
  ['tenants', 'Tenants'],
  ['users', 'Users'],
  ['dashboards', 'Dashboards'],
  ['database', 'Database'],
  ['audit', 'Audit'],
] as const;

/** Which entry of the menu a page belongs to. */
type Place = (typeof places)[number][0];

interface Framed {
  readonly place: Place | undefined;
  readonly title: string;
  readonly content: Part;
}

/** A whole page. */
export function frame({ place, title, content }: Framed): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · Strata</title>
        <link rel="stylesheet" href="${base}style.css" />
        <link rel="icon" type="image/svg+xml" href="${base}icon.svg" />
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header>
          <a class="brand" href="${base}">Strata</a>
          <nav aria-label="Pages">
            ${places.map(
              ([path, name]) =>
                html`<a href="${base}${path}" ${path === place && current}>${name}</a>`,
            )}
          </nav>
        </header>
        <main id="content">
          <h1><bdi>${title}</bdi></h1>
          ${content}
        </main>
        <footer>
          This page only reads. Tenants are changed with <code>npm run tenants</code>.
        </footer>
      </body>
    </html> `;
}

const current = new Html(' aria-current="page"');

/** What stands in the place of an empty list. */
export function empty(sentence: string): Html {
  return html`<p class="empty">${sentence}</p>`;
}

/** A name that somebody chose: it cannot turn the text around it. */
export function given(name: string): Html {
  return html`<bdi>${name}</bdi>`;
}

export interface Table {
  /** Heading of each column; those that begin with # hold numbers. */
  readonly heads: readonly string[];
  readonly rows: readonly (readonly Part[])[];
  /** Instead of a table without rows. */
  readonly empty: string;
}

/** A table; on a narrow screen each row is a card, and each cell says what it is. */
export function table({ heads, rows, empty: sentence }: Table): Html {
  if (rows.length === 0) return empty(sentence);
  const columns = heads.map((head) => ({
    name: head.replace(/^#/, ''),
    kind: head.startsWith('#') ? 'number' : 'text',
  }));
  return html`<table>
    <thead>
      <tr>
        ${columns.map(({ name, kind }) => html`<th scope="col" class="${kind}">${name}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (cells) =>
          html`<tr>
            ${columns.map(
              ({ name, kind }, place) =>
                html`<td class="${kind}" data-name="${name}"><span>${cells[place]}</span></td>`,
            )}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** One or more names and values. */
export function facts(pairs: readonly (readonly [name: string, value: Part])[]): Html {
  return html`<dl>
    ${pairs.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** A word with a colour; the word alone says it, too. */
export function badge(word: string, mood: 'good' | 'bad' | 'plain'): Html {
  return html`<span class="badge ${mood}">${word}</span>`;
}

/** A field that looks through a list. */
export function searchField(path: string, search: string, label: string): Html {
  return html`<form class="search" role="search" action="${base}${path}" method="get">
    <label for="search">${label}</label>
    <input id="search" name="search" type="search" maxlength="100" value="${search}" />
    <button type="submit">Search</button>
  </form>`;
}

interface Pages {
  /** With its query, but for the page's number. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly page: number;
  readonly total: number;
  /** The word in the query that says which page it is. */
  readonly word?: string;
}

/** The way to the other pages of a list, where it has any. */
export function pages({ path, query = {}, page, total, word = 'page' }: Pages): Html | undefined {
  const last = Math.max(1, Math.ceil(total / pageSize));
  if (last === 1 && page === 1) return undefined;
  const to = (number: number): string => address(path, { ...query, [word]: String(number) });
  return html`<nav class="pages" aria-label="Pages of the list">
    ${page > 1 && html`<a rel="prev" href="${to(Math.min(page - 1, last))}">← Previous</a>`}
    <span>Page ${page} of ${count(last)} · ${count(total)} in all</span>
    ${page < last && html`<a rel="next" href="${to(page + 1)}">Next →</a>`}
  </nav>`;
}

/** A path of this program with a query; what is empty is left out. */
export function address(path: string, query: Readonly<Record<string, string>> = {}): string {
  const words = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''));
  return `${base}${path}${words.size > 0 ? `?${words.toString()}` : ''}`;
}
