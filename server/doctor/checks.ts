import type { Check } from './check.ts';
import {
  checkClock,
  checkConnections,
  checkDatabaseSettings,
  checkDatabaseTls,
  checkInstallation,
  checkRole,
  checkSchema,
  checkVersion,
} from './database.ts';
import { checkDiscovery, checkJwks, checkName, checkTls } from './issuer.ts';
import { checkJobs } from './jobs.ts';
import { checkDisk, checkNode, checkSecretFiles, checkSettings } from './machine.ts';
import { checkBackupStorage, checkReceivers, checkTraces } from './outside.ts';
import { checkProxy, checkTrusted } from './proxy.ts';
import { checkMail, checkRedis } from './services.ts';
import {
  checkAudit,
  checkBackups,
  checkCleanUp,
  checkDeliveries,
  checkDestinations,
  checkKeys,
  checkMailQueue,
  checkMasterKey,
  checkNodes,
} from './state.ts';

/** By the name that is printed, in the order in which they are. A new check is a line here. */
export const CHECKS: Readonly<Record<string, Check>> = {
  node: checkNode,
  settings: checkSettings,
  'secret files': checkSecretFiles,
  disk: checkDisk,
  database: checkVersion,
  'database settings': checkDatabaseSettings,
  'database connections': checkConnections,
  'database TLS': checkDatabaseTls,
  'database role': checkRole,
  schema: checkSchema,
  installation: checkInstallation,
  clock: checkClock,
  'master key': checkMasterKey,
  servers: checkNodes,
  keys: checkKeys,
  audit: checkAudit,
  'audit destinations': checkDestinations,
  'audit receivers': checkReceivers,
  'mail queue': checkMailQueue,
  deliveries: checkDeliveries,
  cleanup: checkCleanUp,
  backups: checkBackups,
  'backup storage': checkBackupStorage,
  name: checkName,
  TLS: checkTls,
  discovery: checkDiscovery,
  JWKS: checkJwks,
  'trusted proxies': checkTrusted,
  proxy: checkProxy,
  jobs: checkJobs,
  mail: checkMail,
  redis: checkRedis,
  traces: checkTraces,
};
