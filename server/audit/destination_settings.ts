import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { invalidInput } from '../platform/errors.ts';
import { problemOfUrl, type UrlProblem } from '../platform/outbound_targets.ts';

/**
 * `webhook`: Standard Webhooks; `cloudevents`: CloudEvents 1.0; `syslog`: RFC 5424 over TLS; `file`: JSON Lines on the disk of the
 * server.
 */
export const DESTINATION_KINDS = ['webhook', 'cloudevents', 'syslog', 'file'] as const;
export type DestinationKind = (typeof DESTINATION_KINDS)[number];

/** The members that a kind has. */
export interface DestinationSettings {
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  /** Certificates of authorities, in PEM, in place of those of Node. */
  readonly ca?: string;
  /** In the structured data of syslog (RFC 5424 §7.2.2). */
  readonly enterprise_number?: number;
  /** A name in the folder that the server allows. */
  readonly file?: string;
}

type Name = keyof DestinationSettings;

const MEMBERS: Readonly<
  Record<DestinationKind, { readonly needed: readonly Name[]; readonly optional: readonly Name[] }>
> = {
  webhook: { needed: ['url'], optional: [] },
  cloudevents: { needed: ['url'], optional: [] },
  syslog: { needed: ['host'], optional: ['port', 'ca', 'enterprise_number'] },
  file: { needed: ['file'], optional: [] },
};

/** True for the kinds that sign what they send. */
export const isSigned = (kind: DestinationKind): boolean => kind === 'webhook' || kind === 'cloudevents';

/** No separator, no dot at the beginning: it cannot leave the folder. */
export const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/;

const URL_PROBLEMS: Readonly<Record<UrlProblem, string>> = {
  scheme: 'must be a URL that begins with https://',
  user: 'must have no user name and no password',
  port: 'must have the port 443, or one from 1024',
};

const CHECKS: { readonly [N in Name]-?: (value: NonNullable<DestinationSettings[N]>) => string | undefined } = {
  url: (value) => {
    const problem = problemOfUrl(value);
    return problem && URL_PROBLEMS[problem];
  },
  host: (value) =>
    HOST_NAME.test(value) || isIP(value) !== 0
      ? undefined
      : 'must be the name or address of a host alone; it is always asked over TLS (RFC 5425)',
  port: (value) =>
    value >= 1_024 && value <= 65_535 ? undefined : 'must be from 1024 to 65535; syslog over TLS has 6514 (RFC 5425)',
  ca: (value) => {
    try {
      new X509Certificate(value);
      return undefined;
    } catch {
      return 'must be certificates in PEM';
    }
  },
  enterprise_number: (value) => (Number.isSafeInteger(value) && value > 0 ? undefined : 'must be a number of IANA'),
  file: (value) =>
    FILE_NAME.test(value)
      ? undefined
      : 'must be the name of a file alone, of letters, digits, ".", "_" and "-"; the folder is CARDEA_AUDIT_FILE_DIR',
};

/** @throws AppError 400 `invalid_input` for a member that is missing, wrong, or of another kind */
export function checkSettings(kind: DestinationKind, settings: DestinationSettings): DestinationSettings {
  const { needed, optional } = MEMBERS[kind];
  const missing = needed.find((name) => settings[name] === undefined);
  if (missing !== undefined) throw invalidInput(missing, `is missing: a destination of the kind ${kind} needs it`);
  for (const [name, value] of Object.entries(settings) as [Name, never][]) {
    if (![...needed, ...optional].includes(name))
      throw invalidInput(name, `is none of the settings of the kind ${kind}`);
    const problem = CHECKS[name](value);
    if (problem !== undefined) throw invalidInput(name, problem);
  }
  return settings;
}
