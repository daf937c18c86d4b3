import { ROOT } from '../../helpers/artifacts.ts';
import type { App } from '../app.ts';

export const EXPRESS_APPS: readonly App[] = [
  {
    kind: 'api',
    name: 'express-api',
    version: 'jose 6.2.18, Express 5',
    folder: 'express',
    needs: [],
    install: [],
    // Its packages are those of this repository.
    start: () => ({ command: process.execPath, args: ['tests/clients_of_others/express/api.js'], cwd: ROOT }),
    options: [],
  },
];
