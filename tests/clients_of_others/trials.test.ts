import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Api } from './app.ts';
import { EXPRESS_APPS } from './express/apps.ts';
import { setUp } from './setting.ts';
import { trials } from './trials.ts';

const scope = { after };
const { cardea, person, cli } = await setUp(scope);
const tryApp = trials({ issuer: cardea.issuer, person, lines: cardea.logLines, cli });
const express = EXPRESS_APPS[0] as Api;

test('an API with the lines of ops/docs/resource-servers.md accepts its tokens and no others', async () => {
  const { verdict, details } = await tryApp(express);
  assert.equal(verdict, 'passed', details);
});

test('an API that does not do what is documented of it has failed', async () => {
  const { verdict } = await tryApp({ ...express, name: 'other', refusesAll: true });
  assert.equal(verdict, 'failed');
});

test('an API that accepts tokens for another API has failed', async () => {
  const accepting: Api = {
    ...express,
    name: 'accepting',
    start: (place) => ({ ...express.start(place), env: { AUDIENCE: 'https://another.example.com' } }),
  };
  const { verdict } = await tryApp(accepting);
  assert.equal(verdict, 'failed');
});

test('an app that has already ended has failed', async () => {
  const { verdict } = await tryApp({ ...express, name: 'ended', start: () => ({ command: 'false', args: [] }) });
  assert.equal(verdict, 'failed');
});

test('what the machine lacks is not tried, which is no failure', async () => {
  const { verdict, details } = await tryApp({ ...express, name: 'lacking', needs: ['no-such-program'] });
  assert.equal(verdict, 'not tried');
  assert.match(details, /no-such-program/);
});
