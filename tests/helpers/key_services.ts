import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defer, type Scope } from './scope.ts';

/** Services that encrypt master keys, as far as their documents describe them. Neither runs here: see ops/docs/data-at-rest.md. */

export interface KeyService {
  readonly url: string;
  /** What was asked, such as `POST /v1/transit/decrypt/cardea`, or the X-Amz-Target. */
  readonly asked: string[];
  /** The next requests are answered so: a status with a body, or `cut` for a connection that ends. */
  readonly next: (readonly [status: number, body: unknown, headers?: Readonly<Record<string, string>>] | 'cut')[];
}

interface Asked {
  readonly request: IncomingMessage;
  readonly body: string;
}

type Answer = readonly [status: number, body: unknown];

async function serve(
  scope: Scope,
  type: string,
  name: (asked: Asked) => string,
  answer: (asked: Asked) => Answer,
): Promise<KeyService> {
  const service: Omit<KeyService, 'url'> = { asked: [], next: [] };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    service.asked.push(name({ request, body }));
    const given = service.next.shift();
    if (given === 'cut') return void request.socket.destroy();
    const [status, content, headers] = given ?? answer({ request, body });
    response.writeHead(status, { 'content-type': type, ...headers }).end(JSON.stringify(content));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  defer(scope, async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { ...service, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function box(key: Buffer) {
  return {
    seal(plain: Buffer, context: string): Buffer {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
      return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed: Buffer, context: string): Buffer | undefined {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
          .setAAD(Buffer.from(context))
          .setAuthTag(sealed.subarray(-16));
        return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
      } catch {
        return undefined;
      }
    },
  };
}

/** The transit engine of Vault and OpenBao: encrypt and decrypt, with the errors that their API documents name. */
export function vaultService(scope: Scope, { token, namespace }: { token: string; namespace?: string }) {
  const { seal, open } = box(randomBytes(32));
  return serve(
    scope,
    'application/json',
    ({ request }) => `${request.method} ${request.url}`,
    ({ request, body }) => {
      const { headers, method, url } = request;
      if (headers['x-vault-token'] !== token || headers['x-vault-namespace'] !== namespace) {
        return [403, { errors: ['permission denied'] }];
      }
      const [, what, name] = /^\/v1\/transit\/(encrypt|decrypt)\/([\w-]+)$/.exec(url ?? '') ?? [];
      if (method !== 'POST' || what === undefined) return [404, { errors: ['no handler for route'] }];
      if (name !== 'cardea') return [400, { errors: ['encryption key not found'] }];
      const input = JSON.parse(body) as { plaintext?: string; ciphertext?: string };
      if (what === 'encrypt') {
        const sealed = seal(Buffer.from(input.plaintext ?? '', 'base64'), '');
        return [200, { data: { ciphertext: `vault:v1:${sealed.toString('base64')}`, key_version: 1 } }];
      }
      const plain = open(Buffer.from((input.ciphertext ?? '').slice('vault:v1:'.length), 'base64'), '');
      return plain
        ? [200, { data: { plaintext: plain.toString('base64') } }]
        : [400, { errors: ['cipher: message authentication failed'] }];
    },
  );
}

/** A request to a key service and its answer, as a document describes them. */
export interface Exchange {
  readonly request: {
    readonly method: string;
    readonly path: string;
    /** Without those that each HTTP client sends in its own way, such as Host. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: { readonly plaintext?: string; readonly ciphertext?: string };
  };
  readonly answer: { readonly status: number; readonly body: unknown };
}

/** Answers every request as the exchange says, and keeps the requests to compare with that of the exchange. */
export async function playedBack(scope: Scope, { answer }: Exchange) {
  const requests: Exchange['request'][] = [];
  const { url } = await serve(
    scope,
    'application/json',
    ({ request }) => `${request.method} ${request.url}`,
    ({ request: { method = '', url: path = '', headers }, body }) => {
      const own = Object.entries(headers).filter(([name]) => name === 'content-type' || name.startsWith('x-'));
      requests.push({
        method,
        path,
        headers: Object.fromEntries(own.map(([name, value]) => [name, String(value)])),
        body: JSON.parse(body) as Exchange['request']['body'],
      });
      return [answer.status, answer.body];
    },
  );
  return { url, requests };
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** AWS KMS: `Encrypt` and `Decrypt` in AWS JSON 1.1. Its signatures (Signature Version 4) are checked. */
export function kmsService(scope: Scope, { key, credentials }: { key: string; credentials: AwsCredentials }) {
  const { seal, open } = box(randomBytes(32));
  const refused = (name: string): Answer => [400, { __type: name, message: name }];
  return serve(
    scope,
    'application/x-amz-json-1.1',
    ({ request }) => String(request.headers['x-amz-target']),
    (asked) => {
      const { request, body } = asked;
      if (request.headers['content-type'] !== 'application/x-amz-json-1.1') return refused('SerializationException');
      if (!isSigned(asked, credentials)) return refused('InvalidSignatureException');
      const input = JSON.parse(body) as {
        KeyId?: string;
        Plaintext?: string;
        CiphertextBlob?: string;
        EncryptionContext?: Record<string, string>;
      };
      if (input.KeyId !== key) return refused('NotFoundException');
      const context = JSON.stringify(Object.entries(input.EncryptionContext ?? {}).sort());
      const used = { KeyId: key, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
      switch (request.headers['x-amz-target']) {
        case 'TrentService.Encrypt': {
          const sealed = seal(Buffer.from(input.Plaintext ?? '', 'base64'), context);
          return [200, { ...used, CiphertextBlob: sealed.toString('base64') }];
        }
        case 'TrentService.Decrypt': {
          const plain = open(Buffer.from(input.CiphertextBlob ?? '', 'base64'), context);
          return plain
            ? [200, { ...used, Plaintext: plain.toString('base64') }]
            : refused('InvalidCiphertextException');
        }
        default:
          return refused('UnknownOperationException');
      }
    },
  );
}

/** AWS Signature Version 4: the canonical request, the string to sign, and the derived key. */
function isSigned({ request, body }: Asked, { accessKeyId, secretAccessKey }: AwsCredentials): boolean {
  const { authorization = '', 'x-amz-date': date = '' } = request.headers;
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8}\/[\w-]+\/kms\/aws4_request), SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (!found || typeof date !== 'string') return false;
  const [, id, scope = '', names = '', signature] = found;
  const lines = names.split(';').map((name) => `${name}:${String(request.headers[name]).trim().replace(/ +/g, ' ')}\n`);
  const canonical = [request.method, request.url, '', lines.join(''), names, sha256(body)].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const derived = scope.split('/').reduce((key: Buffer | string, part) => hmac(key, part), `AWS4${secretAccessKey}`);
  const must = ['host', 'x-amz-date', 'x-amz-target'].every((name) => names.split(';').includes(name));
  return must && id === accessKeyId && hmac(derived, toSign).toString('hex') === signature;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest();

/** The URL of a service that does not run. */
export async function closedUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}
