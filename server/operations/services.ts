import type { KeyRing } from '../../keys/rotate.ts';
import type { Attempts } from '../accounts/attempts.ts';
import type { Departed } from '../accounts/departed.ts';
import type { Devices } from '../accounts/devices.ts';
import type { Events } from '../accounts/events.ts';
import type { Links } from '../accounts/links.ts';
import type { Mails } from '../accounts/mails.ts';
import type { Groups, Roles } from '../accounts/named.ts';
import type { Passkeys } from '../accounts/passkeys.ts';
import type { PasswordService } from '../accounts/password_service.ts';
import type { RecoveryCodes } from '../accounts/recovery_codes.ts';
import type { SessionDetailsStore } from '../accounts/session_details.ts';
import type { Accounts } from '../accounts/store.ts';
import type { Texts } from '../accounts/texts.ts';
import type { Totp } from '../accounts/totp.ts';
import type { DeadLetters } from '../audit/dead_letters.ts';
import type { Destinations } from '../audit/destinations.ts';
import type { AuditLog } from '../audit/listing.ts';
import type { Backups } from '../backup/backups.ts';
import type { RegistrationTokens } from '../clients/registration_tokens.ts';
import type { ResourceServers } from '../clients/resource_servers.ts';
import type { Clients } from '../clients/store.ts';
import type { Config, SettingInForce } from '../config.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { DeclaredSettings } from '../platform/declared_settings.ts';
import type { Migrations } from '../platform/migrate.ts';
import type { Sealer } from '../platform/sealing.ts';
import type { Deliveries } from '../records/deliveries.ts';
import type { Endings } from '../records/ending.ts';
import type { RecordLists } from '../records/listings.ts';
import type { Overview } from '../records/overview.ts';
import type { DataExports } from './data_export.ts';

export interface ClientStores {
  readonly clients: Clients;
  readonly resourceServers: ResourceServers;
  readonly registrationTokens: RegistrationTokens;
}

export interface AccountStores {
  readonly accounts: Accounts;
  readonly attempts: Attempts;
  readonly departed: Departed;
  readonly devices: Devices;
  readonly events: Events;
  readonly links: Links;
  readonly mails: Mails;
  readonly overview: Overview;
  readonly lists: RecordLists;
  readonly deliveries: Deliveries;
  readonly sessionDetails: SessionDetailsStore;
}

export interface Factors {
  readonly totp: Totp;
  readonly recoveryCodes: RecoveryCodes;
  readonly passkeys: Passkeys;
}

/** The services of operations. The server and the command line provide them (composition/stores.ts). */
export interface Services extends ClientStores {
  readonly config: Config;
  /** For reads; the runner sends changes. */
  readonly db: Pick<Db, 'query' | 'transact'>;
  readonly sealer: Sealer;
  readonly now: Clock;
  readonly groups: Groups;
  readonly roles: Roles;
  readonly texts: Texts;
  readonly audit: AuditLog;
  readonly destinations: Destinations;
  readonly deadLetters: DeadLetters;
  /** Those with which this process was started, with secrets masked. */
  settings(): readonly SettingInForce[];
  readonly declaredSettings: DeclaredSettings;
  readonly migrations: Migrations;
  readonly backups: Backups;
  /** Opened on first use by the command line: most verbs need few of them, and only these need the right master key. */
  accountStores(): Promise<AccountStores>;
  readonly dataExports: DataExports;
  factors(): Promise<Factors>;
  passwords(): Promise<Omit<PasswordService, 'close'>>;
  keyRing(): Promise<KeyRing>;
  endings(): Promise<Endings>;
  /** When the last JWT that was signed so far has expired. */
  signedUntil(): Promise<Date>;
}
