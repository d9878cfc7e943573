import type { AdminConfig, ToolPage } from '../config';
import { html, type Html } from '../html';
import { empty, frame } from '../layout';

/** Where figures are shown. */
export function dashboards({ dashboards: deployed }: AdminConfig): Html {
  return frame({
    place: 'dashboards',
    title: 'Dashboards',
    content:
      deployed.length === 0
        ? empty('Monitoring is not deployed: strata:services.monitoring.enabled says so.')
        : tools(deployed),
  });
}

/** Pages of other programs. */
export function tools(deployed: readonly ToolPage[]): Html {
  return html`<ul class="tools">
    ${deployed.map(
      ({ name, path, about }) =>
        html`<li>
          <a href="${path}">${name}</a>
          <span>${about}</span>
        </li>`,
    )}
  </ul>`;
}
