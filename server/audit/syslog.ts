import { jsonLine, type Message, SEVERITIES } from './delivered.ts';

/** "log audit" (RFC 5424 §6.2.1) */
const FACILITY = 13;
/** A receiver should take messages of this many bytes (RFC 5425 §4.3.1). */
const BYTES_MAX = 8_192;
/** Of IANA for examples (RFC 5612): an operator with a number of their own sets it. */
const EXAMPLE_NUMBER = 32_473;

/**
 * A message (RFC 5424 §6) with its length before it (RFC 5425 §4.3). The text is JSON in ASCII, and the structured data have its id.
 * @param host the host of the issuer
 */
export function syslogFrame(message: Message, host: string, enterpriseNumber = EXAMPLE_NUMBER): Buffer {
  const { id, type, at, severity } = message;
  const header = `<${8 * FACILITY + SEVERITIES[severity]}>1 ${at.toISOString()} ${field(host, 255)} cardea - ${field(type, 32)}`;
  const elements = `[origin software="Cardea"][audit@${enterpriseNumber} id="${parameter(id)}" type="${parameter(type)}"]`;
  const whole = `${header} ${elements} ${ascii(jsonLine(message))}`;
  const text = whole.length <= BYTES_MAX ? whole : `${header} ${elements} ${ascii(jsonLine(shortened(message)))}`;
  return Buffer.from(`${text.length} ${text}`, 'latin1');
}

/** Without the values of what was changed. */
function shortened(message: Message): Message {
  const { changes = {} } = message.data as { changes?: object };
  const names = Object.keys(changes).slice(0, 20);
  const data = { ...message.data, changes: Object.fromEntries(names.map((name) => [name.slice(0, 64), {}])) };
  return { ...message, data: { ...data, shortened: true } };
}

/** Visible ASCII (RFC 5424 §6). */
function field(text: string, most: number): string {
  return text.replaceAll(/[^\x21-\x7e]/g, '?').slice(0, most) || '-';
}

/** RFC 5424 §6.3.3 */
const parameter = (text: string): string => ascii(text).replaceAll(/["\\\]]/g, '\\$&');

/** Other characters as JSON escapes them: receivers need no byte order mark then (RFC 5424 §6.4). */
function ascii(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
