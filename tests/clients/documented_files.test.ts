import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkDetailsTypes } from '../../server/clients/authorization_details.ts';
import { checkClaimMapping } from '../../server/clients/claim_mapping.ts';
import { checkMetadata, type MetadataInput } from '../../server/clients/metadata.ts';
import { checkExchangePolicy } from '../../server/clients/token_exchange.ts';
import { ROOT } from '../helpers/artifacts.ts';

/** The examples in the documentation are tested unchanged. */
const page = readFileSync(join(ROOT, 'ops/docs/protocols.md'), 'utf8');

function example(name: string): unknown {
  const text = new RegExp(`\`\`\`json ${name}\\n(.*?)\`\`\``, 's').exec(page)?.[1];
  assert.ok(text, `no example ${name}`);
  return JSON.parse(text);
}

test('custom claims', () => {
  assert.deepEqual(checkClaimMapping(example('claims')), example('claims'));
});

test('token exchange', () => {
  assert.deepEqual(checkExchangePolicy(example('exchange')), example('exchange'));
});

test('authorization details', () => {
  const types = checkDetailsTypes(example('details'));
  const detail = { type: 'payment', to: 'Ada', amount: 5 };
  assert.equal(types.violation(detail), undefined);
  assert.match(types.violation({ ...detail, amount: 'five' }) ?? '', /amount/);
  const { sentence, more } = types.describe(detail, 'en');
  assert.equal(sentence.map((part) => ('words' in part ? part.words : part.value)).join(''), 'Pay 5 to Ada');
  assert.deepEqual(more, []);
});

test('a client for backchannel authentication', () => {
  const { redirect_uris, ...rest } = checkMetadata(example('client') as MetadataInput);
  assert.deepEqual(redirect_uris, []);
  assert.equal(rest.backchannel_token_delivery_mode, 'ping');
});
