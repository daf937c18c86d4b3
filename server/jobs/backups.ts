import type { Backups } from '../backup/backups.ts';
import { AppError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Job } from './runner.ts';

export interface BackupJobParts {
  readonly backups: Pick<Backups, 'dueIn'>;
  /**
   * An operation with its entry in the audit; undefined when another node has made the one that was due.
   * @throws AppError `backup_under_way` when another node makes one
   */
  create(): Promise<
    { readonly name: string; readonly bytes: number; readonly notRemoved: string | undefined } | undefined
  >;
  readonly log: Logger;
  /** Gives up the one that is being made: another node begins again, and a server that stops need not wait for it. */
  readonly stopping: AbortController;
}

/** Makes a backup when one is due. The storage and the last run are looked at by whichever node comes first; the others find it done. */
export function createBackupJob({ backups, create, log, stopping }: BackupJobParts): Pick<Job, 'run' | 'stop'> {
  return {
    async run() {
      const dueIn = await backups.dueIn();
      if (dueIn === undefined || dueIn > 0) return;
      try {
        const made = await create();
        if (!made) return;
        const { name, bytes, notRemoved: reason } = made;
        log.info({ backup: name, bytes }, 'a backup was made');
        if (reason !== undefined) log.error({ reason }, 'old backups could not be removed');
      } catch (error) {
        if (stopping.signal.aborted || (error instanceof AppError && error.code === 'backup_under_way')) return;
        log.error({ error }, 'a backup failed; it is tried again in ten minutes');
      }
    },
    stop: async () => stopping.abort(),
  };
}

/** Writes the ids of destroyed keys of people beside the backups, which have these keys. */
export const createErasureListJob = (backups: Pick<Backups, 'listErasures'>): Pick<Job, 'run'> => ({
  run: async () => void (await backups.listErasures()),
});
