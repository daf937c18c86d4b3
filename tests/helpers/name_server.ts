import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { defer, type Scope } from './scope.ts';

/** A name server that answers nothing until it is told to. */
export interface SilentNameServer {
  /** As `dns.Resolver.setServers` wants it. */
  readonly server: string;
  /** Names that it was asked for. */
  readonly asked: ReadonlySet<string>;
  /** From now on, and for what was asked before: it has failed (SERVFAIL, RFC 1035 §4.1.1). */
  fail(): void;
}

const SERVFAIL = 2;
const HEADER_BYTES = 12;

export async function silentNameServer(scope: Scope): Promise<SilentNameServer> {
  const socket = createSocket('udp4');
  const asked = new Set<string>();
  const held: { question: Buffer; from: RemoteInfo }[] = [];
  let isFailing = false;
  const refuse = ({ question, from }: (typeof held)[number]) => {
    const answer = Buffer.from(question);
    answer[2] = 0x81; // an answer; recursion was desired
    answer[3] = 0x80 | SERVFAIL;
    socket.send(answer, from.port, from.address);
  };
  socket.on('message', (question, from) => {
    asked.add(nameIn(question));
    if (isFailing) refuse({ question, from });
    else held.push({ question, from });
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  defer(scope, () => void socket.close());
  return {
    server: `127.0.0.1:${socket.address().port}`,
    asked,
    fail() {
      isFailing = true;
      for (const one of held.splice(0)) refuse(one);
    },
  };
}

/** RFC 1035 §4.1.2: labels, each after its length. */
function nameIn(question: Buffer): string {
  const labels: string[] = [];
  for (let at = HEADER_BYTES, length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return labels.join('.').toLowerCase();
}
