import { escapeHtml } from '../shared/escape';

/** Text that is HTML already; everything else is escaped. */
export class Html {
  constructor(readonly text: string) {}
}

/** What may stand in a template: nothing at all for what is undefined, null or false. */
export type Part = Html | string | number | false | null | undefined | readonly Part[];

/**
 * HTML from a template: every value is escaped, in texts and in attributes alike. An attribute's value stands in quotes;
 * a template that forgets them is an error, because there a blank would be enough to add another attribute.
 *
 * @example html`<a href="${path}" title="${name}">${name}</a>`
 */
export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const text = template.reduce((before, after, place) => {
    if (/=\s*$/.test(template[place - 1] ?? '')) {
      throw new Error(`an attribute without quotes in the template ${template.join('…')}`);
    }
    return before + render(parts[place - 1]) + after;
  });
  return new Html(text);
}

function render(part: Part): string {
  if (part === undefined || part === null || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(render).join('');
  return escapeHtml(String(part));
}
