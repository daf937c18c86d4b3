import {
  type PersonalColumn,
  type PersonalTables,
  shown,
  type TechnicalTables,
  WITH_ACCOUNT,
  withheld,
} from '../platform/personal.ts';
import type { ExpiringTable, OwnSealedColumn, SealedColumn } from '../platform/tables.ts';
import type { Profile } from './account.ts';
import { FORMER_KEY } from './rows.ts';

export const EXPIRES: readonly ExpiringTable[] = [
  { table: 'attempts', key: 'bucket' },
  { table: 'departed_subjects', key: 'account_id' },
  { table: 'devices', key: 'id_hash' },
  { table: 'erased_accounts', key: 'account_id' },
  { table: 'links', key: 'token_hash' },
  { table: 'mails', key: 'id' },
  { table: 'security_events', key: 'id' },
];

export const SEALED: readonly SealedColumn[] = [
  {
    table: 'data_keys',
    column: 'sealed_key',
    key: 'account_id',
    keyType: 'uuid',
    former: FORMER_KEY,
    holds: 'the own key of a person',
    because: 'it opens what the own key seals',
  },
  {
    table: 'departed_subjects',
    column: 'sealed',
    key: 'account_id',
    keyType: 'uuid',
    holds: 'the sub of a deleted person, for three days, so that logouts reach the apps',
    because: 'the own key is gone',
  },
  {
    table: 'links',
    column: 'sealed',
    key: 'token_hash',
    keyType: 'bytea',
    holds: 'the address of somebody who signs up',
    because: 'there is no account yet',
  },
  {
    table: 'mails',
    column: 'sealed',
    key: 'id',
    keyType: 'uuid',
    holds: 'the address that somebody has typed to sign up or for a new password',
    because: 'whether there is such an account is found out when the mail is sent',
  },
];

export const SEALED_OWN: readonly OwnSealedColumn[] = [
  {
    table: 'accounts',
    column: 'sealed_profile',
    key: 'id',
    keyType: 'uuid',
    accountId: 'id',
    holds: 'e-mail address, username, names, phone number, postal address and all other members of the profile',
  },
  {
    table: 'accounts',
    column: 'sealed_subject',
    key: 'id',
    keyType: 'uuid',
    accountId: 'id',
    holds: 'an imported sub',
  },
  {
    table: 'totp',
    column: 'sealed_own',
    key: 'account_id',
    keyType: 'uuid',
    accountId: 'account_id',
    holds: 'the secret of an authenticator app',
  },
  {
    table: 'passkeys',
    column: 'sealed_own',
    key: 'id',
    keyType: 'bytea',
    accountId: 'account_id',
    holds: 'the name of a passkey',
  },
  {
    table: 'devices',
    column: 'sealed_own',
    key: 'id_hash',
    keyType: 'bytea',
    accountId: 'account_id',
    holds: 'the browser and the network of a device',
  },
  {
    table: 'session_details',
    column: 'sealed_own',
    key: 'session_uid',
    keyType: 'text',
    accountId: '(SELECT s.account_id FROM sessions s WHERE s.uid = session_uid)',
    holds: 'the browser and the network of a session',
  },
  {
    table: 'security_events',
    column: 'sealed_own',
    key: 'id',
    keyType: 'uuid',
    accountId: 'account_id',
    holds: 'the browser, the network and the subject of an event',
  },
  {
    table: 'links',
    column: 'sealed_own',
    key: 'token_hash',
    keyType: 'bytea',
    accountId: 'account_id',
    holds: 'the address that a mailed link proves',
  },
  {
    table: 'mails',
    column: 'sealed_own',
    key: 'id',
    keyType: 'uuid',
    accountId: 'account_id',
    holds: 'a mail about an account, with its details and addresses',
  },
];

/** The members of `accounts.sealed_profile`; in the export by the names of OpenID Connect Core §5.1. */
const PROFILE: Readonly<Record<keyof Profile, PersonalColumn>> = {
  email: shown('contact', 'profile.email'),
  emailVerified: shown('contact', 'profile.email_verified'),
  username: shown('identity', 'profile.username'),
  name: shown('identity', 'profile.name'),
  givenName: shown('identity', 'profile.given_name'),
  familyName: shown('identity', 'profile.family_name'),
  middleName: shown('identity', 'profile.middle_name'),
  nickname: shown('identity', 'profile.nickname'),
  profile: shown('identity', 'profile.profile'),
  picture: shown('identity', 'profile.picture'),
  website: shown('identity', 'profile.website'),
  gender: shown('identity', 'profile.gender'),
  birthdate: shown('identity', 'profile.birthdate'),
  zoneinfo: shown('identity', 'profile.zoneinfo'),
  locale: shown('identity', 'profile.locale'),
  phoneNumber: shown('contact', 'profile.phone_number'),
  phoneNumberVerified: shown('contact', 'profile.phone_number_verified'),
  address: shown('contact', 'profile.address'),
};

const browserAt = (place: string) => ({
  browser: shown('device', `${place}.browser`),
  system: shown('device', `${place}.system`),
  network: shown('address', `${place}.network`),
});

export const PERSONAL = {
  accounts: {
    purpose: 'account',
    kept: WITH_ACCOUNT,
    personal: {
      id: shown('identity', 'account.id'),
      sealed_profile: { members: PROFILE },
      sealed_subject: shown('identity', 'account.sub'),
      subject_lookup: withheld('identity', 'lookup'),
      search_tokens: withheld('identity', 'lookup'),
      password_hash: withheld('credential', 'secret'),
      password_set_at: shown('credential', 'factors.password.set_at'),
      second_factors: shown('credential', 'factors.kinds'),
      groups: shown('permission', 'account.groups'),
      roles: shown('permission', 'account.roles'),
      disabled_at: shown('activity', 'account.disabled_at'),
      deletion_due_at: shown('activity', 'account.deletion_due_at'),
      deletion_by: shown('activity', 'account.deletion_by'),
      restricted_at: shown('activity', 'account.restricted_at'),
      restriction_reason: shown('activity', 'account.restriction_reason'),
      active_at: shown('activity', 'account.active_at'),
      inactive_stage: shown('activity', 'account.inactive_stage'),
      inactive_stage_at: shown('activity', 'account.inactive_stage_at'),
      created_at: shown('activity', 'account.created_at'),
      updated_at: shown('activity', 'account.updated_at'),
    },
    technical: ['epoch', 'version'],
  },
  data_keys: {
    purpose: 'account',
    kept: WITH_ACCOUNT,
    personal: { account_id: withheld('identity', 'reference'), sealed_key: withheld('credential', 'secret') },
    technical: ['key_id', 'created_at'],
  },
  account_identifiers: {
    purpose: 'sign_in',
    kept: WITH_ACCOUNT,
    personal: { lookup: withheld('identity', 'lookup'), account_id: withheld('identity', 'reference') },
    technical: ['kind'],
  },
  account_index: {
    purpose: 'account',
    kept: WITH_ACCOUNT,
    personal: {
      token: withheld('identity', 'lookup'),
      account_id: withheld('identity', 'reference'),
      created_at: withheld('activity', 'reference'),
    },
    technical: [],
  },
  password_history: {
    purpose: 'security',
    kept: { until: 'as long as the account exists; the last five alone', removedBy: ['erasure', 'end'] },
    personal: { account_id: withheld('identity', 'reference'), password_hash: withheld('credential', 'secret') },
    technical: ['id'],
  },
  totp: {
    purpose: 'sign_in',
    kept: { until: 'until it is removed', removedBy: ['person', 'operator', 'erasure'] },
    personal: {
      account_id: withheld('identity', 'reference'),
      sealed_own: withheld('credential', 'secret'),
      created_at: shown('credential', 'factors.totp.added_at'),
    },
    technical: ['last_step'],
  },
  recovery_codes: {
    purpose: 'sign_in',
    kept: { until: 'until they are removed or made anew', removedBy: ['person', 'operator', 'erasure'] },
    personal: {
      account_id: withheld('identity', 'reference'),
      lookup: withheld('credential', 'secret'),
      used_at: shown('activity', 'factors.recovery_codes[].used_at'),
    },
    technical: [],
  },
  passkeys: {
    purpose: 'sign_in',
    kept: { until: 'until it is removed', removedBy: ['person', 'operator', 'erasure'] },
    personal: {
      id: shown('credential', 'factors.passkeys[].id'),
      account_id: withheld('identity', 'reference'),
      public_key: shown('credential', 'factors.passkeys[].public_key'),
      transports: shown('device', 'factors.passkeys[].transports'),
      backed_up: shown('device', 'factors.passkeys[].backed_up'),
      sealed_own: shown('device', 'factors.passkeys[].name'),
      created_at: shown('activity', 'factors.passkeys[].created_at'),
      last_used_at: shown('activity', 'factors.passkeys[].last_used_at'),
    },
    technical: ['counter'],
  },
  devices: {
    purpose: 'security',
    kept: {
      until: 'until it has not been used for a sign-in for long',
      settings: ['CARDEA_DEVICES_KEPT'],
      removedBy: ['expiry', 'person', 'erasure'],
    },
    personal: {
      id: shown('device', 'devices[].id'),
      id_hash: withheld('device', 'secret'),
      previous_hash: withheld('device', 'secret'),
      account_id: withheld('identity', 'reference'),
      sealed_own: { members: browserAt('devices[]') },
      created_at: shown('activity', 'devices[].since'),
      last_used_at: shown('activity', 'devices[].last_used_at'),
      trusted_until: shown('device', 'devices[].trusted_until'),
      expires_at: shown('device', 'devices[].expires_at'),
    },
    technical: ['previous_until'],
  },
  session_details: {
    purpose: 'security',
    kept: { until: 'as long as the session', removedBy: ['expiry', 'end', 'person', 'operator', 'erasure'] },
    personal: {
      session_uid: withheld('activity', 'reference'),
      sealed_own: { members: browserAt('sessions[]') },
      signed_in_at: shown('activity', 'sessions[].signed_in_at'),
      last_seen_at: shown('activity', 'sessions[].last_seen_at'),
    },
    technical: [],
  },
  security_events: {
    purpose: 'security',
    kept: { until: 'until its time is over', settings: ['CARDEA_EVENTS_KEPT'], removedBy: ['expiry', 'erasure'] },
    personal: {
      id: shown('activity', 'security_events[].id'),
      account_id: withheld('identity', 'reference'),
      kind: shown('activity', 'security_events[].kind'),
      sealed_own: shown('activity', 'security_events[].details'),
      created_at: shown('activity', 'security_events[].at'),
      expires_at: shown('activity', 'security_events[].expires_at'),
    },
    technical: [],
  },
  accepted_texts: {
    purpose: 'proof',
    kept: WITH_ACCOUNT,
    personal: {
      account_id: withheld('identity', 'reference'),
      kind: shown('consent', 'consents[].kind'),
      version: shown('consent', 'consents[].version'),
      accepted_at: shown('consent', 'consents[].accepted_at'),
      withdrawn_at: shown('consent', 'consents[].withdrawn_at'),
    },
    technical: [],
  },
  attempts: {
    purpose: 'security',
    kept: {
      until: 'a day after the last wrong guess, or the end of the lock',
      removedBy: ['expiry', 'operator', 'erasure'],
    },
    personal: {
      bucket: withheld('identity', 'lookup'),
      account_id: withheld('identity', 'reference'),
      factor: shown('activity', 'failed_sign_ins[].factor'),
      failures: shown('activity', 'failed_sign_ins[].failures'),
      locks: shown('activity', 'failed_sign_ins[].locks'),
      locked_until: shown('activity', 'failed_sign_ins[].locked_until'),
      expires_at: shown('activity', 'failed_sign_ins[].expires_at'),
    },
    technical: ['verdict', 'in_flight', 'in_flight_until'],
  },
  links: {
    purpose: 'mail',
    kept: {
      until: 'until the link is used: 30 minutes to 7 days, by its purpose',
      removedBy: ['expiry', 'end', 'erasure'],
    },
    personal: {
      token_hash: withheld('credential', 'secret'),
      account_id: withheld('identity', 'reference'),
      purpose: shown('activity', 'links[].purpose'),
      sealed: withheld('contact', 'others'),
      sealed_own: {
        members: {
          email: shown('contact', 'links[].email'),
          epoch: withheld('activity', 'state'),
        },
      },
      created_at: shown('activity', 'links[].created_at'),
      expires_at: shown('activity', 'links[].expires_at'),
    },
    technical: [],
  },
  mails: {
    purpose: 'mail',
    kept: {
      until: 'until the mail is sent, or was tried for long enough',
      settings: ['CARDEA_MAILS_KEPT'],
      removedBy: ['expiry', 'end', 'operator', 'erasure'],
    },
    personal: {
      id: shown('activity', 'mails[].id'),
      account_id: withheld('identity', 'reference'),
      sealed: withheld('contact', 'state'),
      sealed_own: {
        members: {
          kind: shown('activity', 'mails[].kind'),
          email: shown('contact', 'mails[].email'),
          details: shown('activity', 'mails[].details'),
          at: shown('activity', 'mails[].at'),
        },
      },
      expires_at: shown('activity', 'mails[].expires_at'),
    },
    technical: ['tries', 'due_at', 'leased_until'],
  },
  erased_accounts: {
    purpose: 'operation',
    kept: { until: 'an hour after the erasure, so that what was under way is removed too', removedBy: ['expiry'] },
    // of an account that is gone
    personal: { account_id: withheld('identity', 'reference') },
    technical: ['erased_at', 'expires_at'],
  },
  departed_subjects: {
    purpose: 'apps',
    kept: { until: '3 days after the erasure, so that apps can be told of it', removedBy: ['expiry'] },
    personal: {
      account_id: withheld('identity', 'reference'),
      // The account is gone by then.
      sealed: withheld('identity', 'state'),
    },
    technical: ['expires_at'],
  },
} as const satisfies PersonalTables;

export const TECHNICAL = {
  texts: ['kind', 'version', 'language', 'title', 'url', 'ask_again', 'effective_from', 'created_at', 'withdrawn_at'],
  destroyed_data_keys: ['key_id', 'destroyed_at'],
  groups: ['name', 'description', 'permissions', 'managed_by', 'version', 'created_at', 'updated_at'],
  roles: ['name', 'description', 'permissions', 'managed_by', 'version', 'created_at', 'updated_at'],
} as const satisfies TechnicalTables;
