/** A query and how its lines are called: `{{label}}` is filled in by Grafana. */
export interface Line {
  readonly expr: string;
  readonly name: string;
}

type Unit = 'short' | 's' | 'bytes' | 'percentunit' | 'reqps' | 'ops' | 'dateTimeFromNow';

/** A panel without its place. */
export interface Panel {
  readonly title: string;
  readonly kind: 'timeseries' | 'stat' | 'table';
  readonly unit: Unit;
  readonly lines: readonly Line[];
}

/** A panel with lines over time. */
export function graph(title: string, unit: Unit, ...lines: readonly Line[]): Panel {
  return { title, kind: 'timeseries', unit, lines };
}

/** A panel with the numbers of now. */
export function number(title: string, unit: Unit, ...lines: readonly Line[]): Panel {
  return { title, kind: 'stat', unit, lines };
}

export function line(name: string, expr: string): Line {
  return { name, expr };
}

const columns = 2;
const width = 24 / columns;
const height = 8;

/** A dashboard as Grafana's files describe it: panels from left to right, two in a row. Pure. */
export function dashboard(uid: string, title: string, panels: readonly Panel[]) {
  return {
    uid: `strata-${uid}`,
    title,
    tags: ['strata'],
    editable: false,
    timezone: 'browser',
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    panels: panels.map(({ title, kind, unit, lines }, index) => ({
      id: index + 1,
      title,
      type: kind,
      datasource,
      gridPos: {
        x: (index % columns) * width,
        y: Math.floor(index / columns) * height,
        w: width,
        h: height,
      },
      fieldConfig: {
        defaults: { unit, min: unit === 'dateTimeFromNow' ? undefined : 0 },
        overrides: [],
      },
      targets: lines.map(({ name, expr }, target) => ({
        refId: String.fromCharCode('A'.charCodeAt(0) + target),
        datasource,
        expr,
        legendFormat: name,
      })),
    })),
  };
}

const datasource = { type: 'prometheus', uid: 'prometheus' } as const;
