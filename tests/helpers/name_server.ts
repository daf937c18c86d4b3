import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { defer, type Scope } from './scope.ts';

/** A name server that answers only for the names that a test sets. */
export interface SilentNameServer {
  /** IPv4 addresses by name; an empty one means that the name does not exist. */
  readonly addresses: Map<string, string>;
  /** In the form of `dns.Resolver.setServers`. */
  readonly server: string;
  /** The names in queries so far. */
  readonly asked: ReadonlySet<string>;
  /** The number of queries for a name. */
  questions(name: string): number;
  /** From now on queries fail, including those that are waiting (SERVFAIL, RFC 1035 §4.1.1). */
  fail(): void;
}

const SERVFAIL = 2;
const NXDOMAIN = 3;
const TYPE_A = 1;
const HEADER_BYTES = 12;

export async function silentNameServer(scope: Scope): Promise<SilentNameServer> {
  const socket = createSocket('udp4');
  const asked = new Set<string>();
  const counts = new Map<string, number>();
  const held: { question: Buffer; from: RemoteInfo }[] = [];
  let isFailing = false;
  const addresses = new Map<string, string>();
  const refuse = ({ question, from }: (typeof held)[number]) => {
    const answer = Buffer.from(question);
    answer[2] = 0x81; // a response, with recursion desired
    answer[3] = 0x80 | SERVFAIL;
    socket.send(answer, from.port, from.address);
  };
  socket.on('message', (question, from) => {
    const name = nameIn(question);
    asked.add(name);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const address = addresses.get(name);
    if (address !== undefined) socket.send(answerOf(question, address), from.port, from.address);
    else if (isFailing) refuse({ question, from });
    else held.push({ question, from });
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  defer(scope, () => void socket.close());
  return {
    server: `127.0.0.1:${socket.address().port}`,
    asked,
    questions: (name) => counts.get(name) ?? 0,
    addresses,
    fail() {
      isFailing = true;
      for (const one of held.splice(0)) refuse(one);
    },
  };
}

/** RFC 1035 §4.1: repeats the question, and adds one record when it asks for an IPv4 address. */
function answerOf(question: Buffer, address: string): Buffer {
  const typeAt = HEADER_BYTES + nameIn(question).length + 2;
  const hasRecord = address !== '' && question.readUInt16BE(typeAt) === TYPE_A;
  const head = Buffer.from(question.subarray(0, typeAt + 4));
  head[2] = 0x81;
  head[3] = 0x80 | (address === '' ? NXDOMAIN : 0);
  head.writeUInt16BE(hasRecord ? 1 : 0, 6);
  head.writeUInt16BE(0, 10); // without the query's additional record
  // A pointer to the name; type A, class IN, TTL of a minute, four bytes.
  const record = [0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)];
  return Buffer.concat([head, Buffer.from(hasRecord ? record : [])]);
}

/** RFC 1035 §4.1.2: each label follows its length. */
function nameIn(question: Buffer): string {
  const labels: string[] = [];
  for (let at = HEADER_BYTES, length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return labels.join('.').toLowerCase();
}
