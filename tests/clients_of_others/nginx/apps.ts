import { readFileSync, writeFileSync } from 'node:fs';
import { type App, type Place, piped } from '../app.ts';

export const NGINX_APPS: readonly App[] = [
  {
    kind: 'api',
    name: 'nginx',
    version: 'nginx 1.22.1 with njs',
    folder: 'nginx',
    needs: ['/usr/sbin/nginx', '/usr/lib/nginx/modules/ngx_http_js_module.so'],
    install: [],
    introspects: true,
    options: [],
    start: (place) => piped('/usr/sbin/nginx', '-e', '/dev/stderr', '-c', configured(place)),
  },
];

/** nginx reads no environment variables: writes its configuration with the values in it. */
function configured({ folder, scratch, issuer, port, clientId, clientSecret, audience }: Place): string {
  const values: Readonly<Record<string, string | number>> = {
    FOLDER: folder,
    SCRATCH: scratch,
    ISSUER: issuer,
    PORT: port,
    AUDIENCE: audience,
    BASIC: Buffer.from(`${clientId}:${clientSecret}`).toString('base64'),
  };
  const written = readFileSync(`${folder}/nginx.conf`, 'utf8');
  const file = `${scratch}/nginx.conf`;
  writeFileSync(
    file,
    written.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name])),
  );
  return file;
}
