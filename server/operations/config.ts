import { Type } from 'typebox';
import { read } from './operation.ts';
import { strict } from './schema.ts';

const Setting = strict(
  {
    name: Type.String(),
    value: Type.String({
      description: 'secrets are masked completely; where there is no value, words in parentheses, such as (none)',
    }),
    source: Type.String({
      description: 'where the value is from: environment, file (of a secret), configuration file or default',
    }),
    about: Type.String(),
  },
  { title: 'Setting' },
);

/** The configuration of the server. */
export const config = {
  show: read({
    name: 'config.show',
    permission: 'config:read',
    summary: 'Show the settings in force',
    description:
      'Those with which the server was started that answers. Others of the same issuer should have the same.',
    schemas: { output: strict({ items: Type.Array(Setting) }, { title: 'Configuration' }) },
    example: {
      output: {
        items: [
          { name: 'CARDEA_LOG_LEVEL', value: 'info', source: 'default', about: 'How much is logged' },
          { name: 'CARDEA_DATABASE_URL', value: '********', source: 'file', about: 'The database' },
        ],
      },
    },
    run: async (services) => ({ items: services.settings().map((one) => ({ ...one })) }),
  }),
};
