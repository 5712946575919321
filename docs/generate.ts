import { readFileSync, writeFileSync } from 'node:fs';
import { gatewayErrors } from '../infra/gateway-responses.ts';
import { commands } from '../operator/commands.ts';
import { helpFor, helpForAll } from '../operator/help.ts';
import { type Endpoint, roles } from '../shared/contract/endpoint.ts';
import {
  auditKinds,
  endpoints,
  errorKinds,
  eventKinds,
  items,
  limits,
  mailKinds,
  metrics,
  seriesOf,
} from '../shared/contract/registry.ts';

const file = new URL('./api.md', import.meta.url);
const manual = new URL('./operations.md', import.meta.url);
const operators = new URL('./operator.md', import.meta.url);

/** The documents that are read off the contract: who may call what, the limits, the error codes. */
export function apiDocument(): string {
  return [
    '# The API at a glance',
    '',
    'Made from `shared/contract` by `npm run docs`; the full reference is `/docs` on a running service.',
    '',
    '## Who may call what',
    '',
    'Default deny: a role that is not marked is answered 403 `forbidden`.',
    '',
    row(['Endpoint', 'Access', ...roles, 'What']),
    row(['---', '---', ...roles.map(() => ':-:'), '---']),
    ...endpoints.map(endpointRow),
    '',
    'ˡ local stage only. ˢ also while the tenant is suspended or pending.',
    '',
    '## Limits',
    '',
    'Windows are fixed and aligned to the clock; `LimitsMultiplier` scales the quotas.',
    '',
    row(['Limit', 'Quota', 'Window', 'Endpoints']),
    row(['---', '--:', '--:', '---']),
    ...sorted(limits.values(), ({ name }) => name).map(({ name, quota, windowSeconds }) =>
      row([`\`${name}\``, String(quota), `${windowSeconds} s`, limitedBy(name)]),
    ),
    '',
    '## Events',
    '',
    'What webhooks may ask for; [webhooks.md](webhooks.md) says how they arrive.',
    '',
    row(['Event', 'What has happened']),
    row(['---', '---']),
    ...sorted(eventKinds.values(), ({ type }) => type).map(({ type, description }) =>
      row([`\`${type}\``, description]),
    ),
    '',
    '## Audit events',
    '',
    'What leaves an entry in the audit log of its tenant; [audit.md](audit.md) says how it is kept.',
    '',
    row(['Type', 'What has happened']),
    row(['---', '---']),
    ...sorted(auditKinds.values(), ({ type }) => type).map(({ type, description }) =>
      row([`\`${type}\``, description]),
    ),
    '',
    '## Mail',
    '',
    '[mail.md](mail.md) says how it is sent. Every mail is there in English, Spanish and Russian.',
    '',
    row(['Mail', 'Sent', 'Subject']),
    row(['---', '---', '---']),
    ...sorted(mailKinds.values(), ({ id }) => id).map(({ id, description, words }) =>
      row([`\`${id}\``, description, words.en.subject]),
    ),
    '',
    '## What is stored',
    '',
    'One table; `series` is its index. Keys stand in `keys.ts` of each area.',
    '',
    row(['Item', 'Partition key', 'Sort key', 'In the series index']),
    row(['---', '---', '---', '---']),
    ...items.map(({ what, pk, sk, series }) =>
      row([what, ...[pk, sk].map((key) => `\`${key}\``), series ? `\`${series}\`` : '']),
    ),
    '',
    '## Errors',
    '',
    'RFC 9457 problem details; `type` is `urn:tenantry:problem:<code>`.',
    '',
    row(['Status', 'Code', 'Meaning']),
    row(['--:', '---', '---']),
    ...sorted(
      [...errorKinds.values(), ...gatewayErrors],
      ({ status, code }) => `${status} ${code}`,
    ).map(({ status, code, detail }) => row([String(status), `\`${code}\``, detail])),
    '',
  ].join('\n');
}

/** Every command of operators, with what it takes. */
export function operatorDocument(): string {
  return [
    '# Commands of operators',
    '',
    'Made from the contract by `npm run docs`. [operations.md](operations.md#what-operators-do) says who may use them.',
    '',
    '```text',
    helpForAll(commands),
    '```',
    ...commands.flatMap((command) => [
      '',
      `## ${command.command}`,
      '',
      '```text',
      helpFor(command),
      '```',
    ]),
    '',
  ].join('\n');
}

/** By a text of each, so that documents do not depend on the order of modules. */
function sorted<T>(all: Iterable<T>, textOf: (one: T) => string): T[] {
  return [...all].toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
}

const row = (cells: string[]) => `| ${cells.join(' | ')} |`;

function endpointRow({ method, paths, access, localOnly, summary }: Endpoint): string {
  const isBearer = access.kind === 'bearer';
  const marks = roles.map((role) => (isBearer && access.roles.includes(role) ? '✓' : ''));
  const kind = isBearer && access.anyStatus ? 'bearerˢ' : access.kind;
  const names = paths.map((path) => `\`${method} ${path}\``).join('<br>');
  return row([names + (localOnly ? 'ˡ' : ''), kind, ...marks, summary]);
}

function limitedBy(name: string): string {
  return endpoints
    .filter(({ limits }) => limits?.some((limit) => limit.name === name))
    .map(({ id }) => `\`${id}\``)
    .join(', ');
}

const units = { count: 'count', gauge: 'gauge', milliseconds: 'ms' } as const;

/** The metrics that functions write, and how many CloudWatch bills at most. */
export function metricsTable(): string {
  const all = sorted(metrics.values(), ({ name }) => name);
  return [
    row(['Metric', 'Unit', 'Dimensions', 'Meaning', 'At most']),
    row(['---', '---', '---', '---', '--:']),
    ...all.map((metric) => {
      const { name, kind, dimensions, description } = metric;
      return row([
        `\`${name}\``,
        units[kind],
        Object.keys(dimensions)
          .map((dimension) => `\`${dimension}\``)
          .join(', '),
        description,
        String(seriesOf(metric)),
      ]);
    }),
    row(['', '', '', 'together', String(all.reduce((sum, metric) => sum + seriesOf(metric), 0))]),
  ].join('\n');
}

const [begin, end] = ['<!-- metrics: npm run docs -->\n\n', '\n\n<!-- end of metrics -->'];

/** The manual with its table of metrics as it should be. Throws when it has no place for one. */
function manualWith(table: string, text: string): string {
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end);
  if (from < begin.length || to < from) throw new Error('operations.md has no place for metrics');
  return text.slice(0, from) + table + text.slice(to);
}

/** Whether the manual has the metrics that the contract lists. */
export function isMetricsTableCurrent(): boolean {
  const text = readFileSync(manual, 'utf8');
  return text === manualWith(metricsTable(), text);
}

/** Whether the document in the tree is the one that the contract makes. */
export function isApiDocumentCurrent(): boolean {
  return readFileSync(file, 'utf8') === apiDocument();
}

/** Whether the commands in the tree are those that there are. */
export function isOperatorDocumentCurrent(): boolean {
  return readFileSync(operators, 'utf8') === operatorDocument();
}

if (import.meta.main) {
  writeFileSync(operators, operatorDocument());
  writeFileSync(file, apiDocument());
  writeFileSync(manual, manualWith(metricsTable(), readFileSync(manual, 'utf8')));
}
