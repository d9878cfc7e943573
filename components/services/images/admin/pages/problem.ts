import { html, type Html } from '../html';
import { base, frame } from '../layout';

/** What stands where a page cannot be shown: what is wrong and what to do. */
export function problem(title: string, sentences: readonly string[]): Html {
  return frame({
    place: undefined,
    title,
    content: html`<div class="problem">
      ${sentences.map((sentence) => html`<p>${sentence}</p>`)}
      <p><a href="${base}">Overview</a></p>
    </div>`,
  });
}
