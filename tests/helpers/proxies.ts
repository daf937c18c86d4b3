import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ROOT } from './artifacts.ts';
import { ended, killGroup, track } from './children.ts';
import { findOnPath } from './chromium.ts';
import { temporaryFolder } from './folders.ts';
import { defer, type Scope } from './scope.ts';
import { freePort, until } from './waiting.ts';

/** The name under which the configurations of ops/proxies serve. */
export const PROXIED_HOST = 'id.example.com';

/** What a test puts in place of an operator's values. */
export interface ProxyPlace {
  /** Where all files are, with `certificate.pem`, `key.pem`, `haproxy.pem` (both together) and `client-ca.pem`. */
  readonly folder: string;
  readonly https: number;
  readonly http: number;
  /** Ports of the two nodes. */
  readonly nodes: readonly [number, number];
}

/** A proxy that runs. */
export interface RunningProxy extends ProxyPlace {
  /** All lines of its logs until now. */
  logged(): string;
}

interface Proxy {
  /** Below ops/proxies. */
  readonly files: readonly string[];
  /** The texts of the files that are replaced; each must occur. */
  replaced(place: ProxyPlace): Readonly<Record<string, string>>;
  /** What the files need around them. */
  wrapped?(place: ProxyPlace): Readonly<Record<string, string>>;
  /** Arguments that check the configuration, and those that run it in the foreground. */
  check(place: ProxyPlace): readonly string[];
  run(place: ProxyPlace): readonly string[];
}

const NODES = ({ nodes: [one, two] }: ProxyPlace) => ({
  '127.0.0.1:3001': `127.0.0.1:${one}`,
  '127.0.0.1:3002': `127.0.0.1:${two}`,
});

const nginx = (place: ProxyPlace) => ['-p', place.folder, '-c', join(place.folder, 'nginx.conf'), '-e', 'stderr'];

/** The proxies that Debian has, by their folders below ops/proxies. */
export const PROXIES = {
  nginx: {
    files: ['cardea.conf', 'cardea-headers.conf', 'cardea-upstream.conf'],
    replaced: (place) => ({
      ...NODES(place),
      'listen 80;': `listen 127.0.0.1:${place.http};`,
      'listen [::]:80;': '',
      'listen 443 ssl http2;': `listen 127.0.0.1:${place.https} ssl http2;`,
      'listen [::]:443 ssl http2;': '',
      '/etc/cardea/tls': place.folder,
      '/etc/nginx': place.folder,
      '/var/log/nginx/access.log': `${place.folder}/access.log`,
      '/var/log/nginx/error.log': 'stderr',
    }),
    wrapped: ({ folder }) => ({
      'nginx.conf': `daemon off;
pid ${folder}/nginx.pid;
worker_processes 1;
events {}
http {
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${folder}/temp;`).join('\n  ')}
  include ${folder}/cardea-upstream.conf;
  include ${folder}/cardea.conf;
}
`,
    }),
    check: (place) => ['-t', '-q', ...nginx(place)],
    run: nginx,
  },
  haproxy: {
    files: ['haproxy.cfg'],
    replaced: (place) => ({
      ...NODES(place),
      'bind :80,:::80': `bind 127.0.0.1:${place.http}`,
      'bind :443,:::443': `bind 127.0.0.1:${place.https}`,
      '/etc/cardea/tls': place.folder,
    }),
    check: ({ folder }) => ['-c', '-q', '-dW', '-f', join(folder, 'haproxy.cfg')],
    run: ({ folder }) => ['-db', '-f', join(folder, 'haproxy.cfg')],
  },
  caddy: {
    files: ['Caddyfile'],
    replaced: (place) => ({
      ...NODES(place),
      'admin off': `admin off\n\thttp_port ${place.http}\n\thttps_port ${place.https}\n\tdefault_bind 127.0.0.1`,
      '/etc/cardea/tls': place.folder,
    }),
    check: ({ folder }) => ['validate', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')],
    run: ({ folder }) => ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')],
  },
} as const satisfies Readonly<Record<string, Proxy>>;
export type ProxyName = keyof typeof PROXIES;

/** The program, also where folders of administration are not on the PATH. */
export function proxyProgram(name: string): string {
  const program = findOnPath([name, `../sbin/${name}`]);
  if (!program) throw new Error(`${name} is not installed: apt-get install ${name}`);
  return program;
}

/** Writes the configuration of ops/proxies with the values of a place. @throws when a value is not there any more */
export function writeProxyFiles(name: ProxyName, place: ProxyPlace): void {
  const proxy: Proxy = PROXIES[name];
  const missing = new Set(Object.keys(proxy.replaced(place)));
  for (const file of proxy.files) {
    let text = readFileSync(join(ROOT, 'ops/proxies', name, file), 'utf8');
    for (const [from, to] of Object.entries(proxy.replaced(place))) {
      if (text.includes(from)) missing.delete(from);
      text = text.replaceAll(from, to);
    }
    writeFileSync(join(place.folder, file), text);
  }
  if (missing.size > 0) throw new Error(`ops/proxies/${name} has no ${[...missing].join(', ')}`);
  for (const [file, text] of Object.entries(proxy.wrapped?.(place) ?? {}))
    writeFileSync(join(place.folder, file), text);
}

/** Runs the program's own check of its configuration. */
export function checkProxy(name: ProxyName, place: ProxyPlace): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(proxyProgram(name), PROXIES[name].check(place), {
    encoding: 'utf8',
    env: environment(place),
  });
  return { status, output: stdout + stderr };
}

/** Starts a proxy of ops/proxies in front of two nodes, and waits until it accepts connections. The scope stops it. */
export async function startProxy(
  scope: Scope,
  name: ProxyName,
  options: { readonly nodes: readonly [number, number]; readonly certificate: string; readonly key: string },
): Promise<RunningProxy> {
  const folder = temporaryFolder(scope);
  const place = { folder, https: await freePort(), http: await freePort(), nodes: options.nodes };
  writeFileSync(join(folder, 'certificate.pem'), options.certificate);
  writeFileSync(join(folder, 'key.pem'), options.key);
  writeFileSync(join(folder, 'haproxy.pem'), options.certificate + options.key);
  writeFileSync(join(folder, 'client-ca.pem'), options.certificate);
  writeProxyFiles(name, place);
  const lines: string[] = [];
  const child = spawn(proxyProgram(name), PROXIES[name].run(place), {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: environment(place),
  });
  track(child);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => lines.push(String(data)));
  defer(scope, async () => {
    killGroup(child, 'SIGKILL');
    await ended(child);
  });
  await until(`${name} listens`, () => {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}:\n${lines.join('')}`);
    return accepts(place.https);
  });
  const file = join(folder, 'access.log');
  return { ...place, logged: () => lines.join('') + (existsSync(file) ? readFileSync(file, 'utf8') : '') };
}

/** Caddy keeps state in the home directory of its user. */
const environment = ({ folder }: ProxyPlace) => ({ PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder });

function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
