import { isIP } from 'node:net';
import { invalidInput } from '../platform/errors.ts';
import { addressesWithoutLookup, hostOf, problemOfAddresses } from '../platform/outbound_targets.ts';
import { createIsReachable } from '../platform/reachable.ts';
import type { DestinationKind, DestinationSettings } from './destination_settings.ts';

/** The settings of the server that allow more. */
export interface AllowedTargets {
  readonly outboundAllow: readonly string[];
  readonly auditFileDir: string | undefined;
}

/**
 * Refuses what delivery would always refuse. A name is looked up at delivery alone, because its addresses can change.
 * @param settings that `checkSettings` has accepted
 * @throws AppError 400 `invalid_input` with the field, which names the setting that would allow it
 */
export function assertTarget(
  kind: DestinationKind,
  { url: href, host: name }: DestinationSettings,
  { outboundAllow, auditFileDir }: AllowedTargets,
): void {
  if (kind === 'file') {
    if (auditFileDir === undefined)
      throw invalidInput(
        'kind',
        'must not be file: CARDEA_AUDIT_FILE_DIR is not set; set it here and for a server, which writes the file',
      );
    return;
  }
  // The parser of URLs knows each way to write an IPv4 address.
  const url = URL.parse(href ?? `https://${isIP(name ?? '') === 6 ? `[${name}]` : name}`);
  if (!url) return;
  const field = href === undefined ? 'host' : 'url';
  const host = hostOf(url.hostname);
  const addresses = addressesWithoutLookup(host);
  const isSecure = url.protocol === 'https:';
  if (!addresses && !isSecure) throw invalidInput(field, HTTPS_ALONE);
  const problem = addresses && problemOfAddresses(isSecure, addresses, createIsReachable(outboundAllow));
  if (problem === 'insecure') throw invalidInput(field, HTTPS_ALONE);
  if (problem === 'address')
    throw invalidInput(field, `must not be ${host}, which is no public address, unless CARDEA_OUTBOUND_ALLOW has it`);
}

const HTTPS_ALONE = 'must begin with https://; http:// is for a loopback address alone that CARDEA_OUTBOUND_ALLOW has';
