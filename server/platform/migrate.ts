import { readdir } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Migration, Migrator } from 'kysely/migration';
import type { Db } from './db.ts';
import { AppError } from './errors.ts';

const FOLDER = new URL('../../migrations/', import.meta.url);

export interface MigrationStatus {
  name: string;
  /** ISO 8601, undefined while it has not run. */
  executedAt: string | undefined;
}

/**
 * Brings the schema up to date. Kysely takes a lock, so of several nodes that start at once one migrates and the rest
 * wait for it.
 * @returns the names of the migrations that ran now
 */
export async function migrateUp(db: Db): Promise<string[]> {
  const { error, results = [] } = await migrator(db).migrateToLatest();
  if (error) {
    const failed = results.find((one) => one.status === 'Error')?.migrationName ?? 'the schema';
    throw error instanceof AppError
      ? error
      : new AppError('migration_failed', 500, `migration ${failed} failed`, { cause: error });
  }
  return results.map((one) => one.migrationName);
}

export async function migrationStatus(db: Db): Promise<MigrationStatus[]> {
  const migrations = await migrator(db).getMigrations();
  return migrations.map(({ name, executedAt }) => ({ name, executedAt: executedAt?.toISOString() }));
}

function migrator(db: Db): Migrator {
  return new Migrator({ db: db.kysely, provider: { getMigrations } });
}

async function getMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(FOLDER)).filter((file) => /^\d{4}-[a-z0-9-]+\.ts$/.test(file)).sort();
  const migrations: Record<string, Migration> = {};
  for (const file of files) {
    const url = pathToFileURL(fileURLToPath(new URL(file, FOLDER))).href;
    migrations[file.replace(/\.ts$/, '')] = (await import(url)) as Migration;
  }
  return migrations;
}
