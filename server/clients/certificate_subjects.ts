import { isIP } from 'node:net';
import { parseName } from '../platform/distinguished_names.ts';
import { invalidInput } from '../platform/errors.ts';
import { reader, text } from './readers.ts';

const name = reader(text.schema, (field, value) => {
  const given = text(field, value);
  try {
    parseName(given);
  } catch (error) {
    throw invalidInput(field, (error as Error).message);
  }
  return given;
});

const address = reader(text.schema, (field, value) => {
  const given = text(field, value);
  if (isIP(given) === 0) throw invalidInput(field, 'must be an IPv4 or IPv6 address');
  return given;
});

const absoluteUri = reader({ ...text.schema, format: 'uri' }, (field, value) => {
  const given = text(field, value);
  if (!URL.canParse(given)) throw invalidInput(field, 'must be an absolute URI');
  return given;
});

const hostName = reader({ ...text.schema, format: 'hostname' }, (field, value) => {
  const given = text(field, value);
  if (!/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(given)) throw invalidInput(field, 'must be a host name, without *');
  return given;
});

/** RFC 8705 §2.1.2: the name that the certificate of a client must have. Compared as a whole: no wildcards. */
export const CERTIFICATE_SUBJECTS = {
  tls_client_auth_subject_dn: name,
  tls_client_auth_san_dns: hostName,
  tls_client_auth_san_uri: absoluteUri,
  tls_client_auth_san_ip: address,
  tls_client_auth_san_email: text,
};

export const SUBJECT_FIELDS = Object.keys(CERTIFICATE_SUBJECTS) as (keyof typeof CERTIFICATE_SUBJECTS)[];
