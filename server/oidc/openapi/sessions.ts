import type { PathItem } from '../../platform/openapi.ts';
import { ROUTES } from '../routes.ts';
import { exampleOf, formOf, inQuery, type ParameterName } from './parameters.ts';
import { PAGE, PAGE_ERRORS, REDIRECT } from './responses.ts';

const tags = ['sign-out'];

const FORM = 'application/x-www-form-urlencoded';

const NAMES: readonly ParameterName[] = [
  'id_token_hint',
  'post_logout_redirect_uri',
  'client_id',
  'state',
  'logout_hint',
  'ui_locales',
];

const description =
  'Send the person’s browser here. With a fitting `id_token_hint` it comes straight back to `post_logout_redirect_uri`; otherwise a page asks first.';

const responses = { '200': PAGE, '302': REDIRECT, '303': REDIRECT, ...PAGE_ERRORS };

/** OpenID Connect RP-Initiated Logout 1.0 */
export const SESSION_PATHS: Readonly<Record<string, PathItem>> = {
  [ROUTES.end_session]: {
    get: {
      operationId: 'endSession',
      tags,
      summary: 'Sign a person out',
      description,
      parameters: inQuery(NAMES),
      responses,
    },
    post: {
      operationId: 'endSessionByForm',
      tags,
      summary: 'Sign a person out, with the request in a form',
      description,
      requestBody: {
        content: {
          [FORM]: { schema: formOf(NAMES), example: exampleOf('id_token_hint', 'post_logout_redirect_uri', 'state') },
        },
      },
      responses,
    },
  },
  [`${ROUTES.end_session}/confirm`]: {
    post: {
      operationId: 'confirmEndSession',
      tags,
      summary: 'The form of the page that asks',
      description: 'The page sends it, with its own token; apps do not call it.',
      requestBody: {
        required: true,
        content: {
          [FORM]: {
            schema: {
              type: 'object',
              properties: {
                xsrf: { type: 'string', description: 'The token of the form.' },
                logout: { type: 'string', description: 'Present: sign out. Absent: stay signed in.' },
              },
              required: ['xsrf'],
            },
            example: { xsrf: '9e2c0f2b6c7a4f0d', logout: 'yes' },
          },
        },
      },
      responses,
    },
  },
  [`${ROUTES.end_session}/success`]: {
    get: {
      operationId: 'endedSession',
      tags,
      summary: 'The page after signing out',
      parameters: inQuery(['client_id']),
      responses,
    },
  },
};
