import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { SETTINGS, type SettingName } from '../../server/settings.ts';
import { ROOT } from './artifacts.ts';

/* The descriptions of deployments in ops/, as far as tests look at them. */

export interface Variable {
  readonly name: string;
  readonly value: string;
}
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly env: readonly Variable[];
  readonly command?: readonly string[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: {
    readonly allowPrivilegeEscalation: boolean;
    readonly readOnlyRootFilesystem: boolean;
    readonly capabilities: { readonly drop: readonly string[] };
  };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly: boolean }[];
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly [probe: `${string}Probe`]: { readonly httpGet: { readonly path: string; readonly port: string } };
}
export interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly enableServiceLinks: boolean;
  readonly securityContext: { readonly runAsNonRoot: boolean; readonly seccompProfile: { readonly type: string } };
  readonly containers: readonly [Container];
  readonly volumes: readonly {
    readonly name: string;
    readonly secret?: { readonly items: readonly { readonly path: string }[] };
  }[];
}
export interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
    readonly selector?: Readonly<Record<string, unknown>>;
    readonly podSelector?: Readonly<Record<string, unknown>>;
    readonly scaleTargetRef?: { readonly kind: string; readonly name: string };
  };
}

export interface ComposeService {
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly image: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly ports?: readonly string[];
  readonly security_opt?: readonly string[];
}
export interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
export const composeFile = (): Compose => parse(textOf('ops/compose.yaml'), { merge: true }) as Compose;

/** The objects of a file with several documents. */
export function objectsOf(path: string): KubernetesObject[] {
  return parseAllDocuments(textOf(path)).map((document) => document.toJS() as KubernetesObject);
}

/** All files of YAML in ops/ that are no templates. @returns what is wrong in them */
export function problemsOfYaml(): string[] {
  const files = globSync('ops/**/*.{yaml,yml}', { cwd: ROOT }).filter((file) => !file.includes('/templates/'));
  return files.flatMap((file) =>
    parseAllDocuments(textOf(file), { merge: true }).flatMap(({ errors, warnings }) =>
      [...errors, ...warnings].map(({ message }) => `${file}: ${message}`),
    ),
  );
}

/** @returns names of variables that Cardea does not read */
export function unknownSettings(names: readonly string[]): string[] {
  const others = ['NODE_ENV', 'NODE_EXTRA_CA_CERTS'];
  const known = new Set<string>(Object.keys(SETTINGS) as SettingName[]);
  return names.filter((name) => !others.includes(name) && !known.has(name.replace(/_FILE$/, '')));
}

/** Paths of all values of an object that are no objects with members, such as `image.tag`. */
export function leavesOf(value: unknown, path = ''): string[] {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = isMap ? Object.entries(value) : [];
  if (entries.length === 0) return [path];
  return entries.flatMap(([name, inner]) => leavesOf(inner, path === '' ? name : `${path}.${name}`));
}
