import type { PathItem } from '../../platform/openapi.ts';
import { ROUTES } from '../routes.ts';
import {
  AUTHORIZATION,
  CLIENT,
  CLIENT_AUTHENTICATION,
  CLIENT_SECURITY,
  EXAMPLE,
  exampleOf,
  formOf,
  inQuery,
  type ParameterName,
} from './parameters.ts';
import { CLIENT_ERRORS, json, PAGE, PAGE_ERRORS, REDIRECT, schemaRef } from './responses.ts';

const tags = ['authorization'];

const FORM = 'application/x-www-form-urlencoded';

const BEGUN = { '200': PAGE, '302': REDIRECT, '303': REDIRECT, ...PAGE_ERRORS };

const AUTHORIZE_DESCRIPTION =
  'Send the person’s browser here. It comes back to `redirect_uri` with `code`, `state` and `iss`, or with `error`. After a pushed request only `client_id` and `request_uri` are needed.';

const DEVICE: readonly ParameterName[] = [...CLIENT, 'scope', 'resource', 'acr_values', 'max_age', 'prompt', 'claims'];

const BACKCHANNEL: readonly ParameterName[] = [
  ...CLIENT,
  'scope',
  'login_hint',
  'id_token_hint',
  'binding_message',
  'requested_expiry',
  'client_notification_token',
  'acr_values',
  'resource',
  'claims',
  'request',
];

const exampleRequest = exampleOf(
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
);

/** What begins a sign-in or asks for consent. */
export const AUTHORIZATION_PATHS: Readonly<Record<string, PathItem>> = {
  [ROUTES.authorization]: {
    get: {
      operationId: 'authorize',
      tags,
      summary: 'Sign a person in',
      description: AUTHORIZE_DESCRIPTION,
      parameters: inQuery([...AUTHORIZATION, 'request_uri'], ['client_id']),
      responses: BEGUN,
    },
    post: {
      operationId: 'authorizeByForm',
      tags,
      summary: 'Sign a person in, with the request in a form',
      description: AUTHORIZE_DESCRIPTION,
      requestBody: {
        required: true,
        content: {
          [FORM]: { schema: formOf([...AUTHORIZATION, 'request_uri'], ['client_id']), example: exampleRequest },
        },
      },
      responses: BEGUN,
    },
  },
  [`${ROUTES.authorization}/:uid`]: {
    get: {
      operationId: 'resumeAuthorization',
      tags,
      summary: 'Go on after the pages of a sign-in',
      description: 'The pages lead here by themselves, with a cookie; apps do not call it.',
      parameters: [uid('of the sign-in')],
      responses: BEGUN,
    },
  },
  [ROUTES.pushed_authorization_request]: {
    post: {
      operationId: 'pushAuthorizationRequest',
      tags,
      summary: 'Push an authorization request (RFC 9126)',
      description: `The parameters of the authorization request, sent by the client itself. ${CLIENT_AUTHENTICATION}`,
      security: CLIENT_SECURITY,
      requestBody: {
        required: true,
        content: { [FORM]: { schema: formOf([...AUTHORIZATION, ...CLIENT.slice(1)]), example: exampleRequest } },
      },
      responses: {
        '201': json('The request is stored.', schemaRef('PushedRequest'), {
          request_uri: EXAMPLE.requestUri,
          expires_in: 60,
        }),
        ...CLIENT_ERRORS,
      },
    },
  },
  [ROUTES.device_authorization]: {
    post: {
      operationId: 'authorizeDevice',
      tags,
      summary: 'Sign a person in on a device without a keyboard (RFC 8628)',
      description: `The device shows the code, and asks the token endpoint until the person has decided. ${CLIENT_AUTHENTICATION}`,
      security: CLIENT_SECURITY,
      requestBody: {
        required: true,
        content: { [FORM]: { schema: formOf(DEVICE), example: exampleOf('client_id', 'scope') } },
      },
      responses: {
        '200': json('The codes.', schemaRef('DeviceAuthorization'), {
          device_code: 'GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS',
          user_code: 'WDJB-MJHT',
          verification_uri: 'https://id.example.com/device',
          verification_uri_complete: 'https://id.example.com/device?user_code=WDJB-MJHT',
          expires_in: 600,
        }),
        ...CLIENT_ERRORS,
      },
    },
  },
  [ROUTES.code_verification]: {
    get: {
      operationId: 'openDevicePage',
      tags,
      summary: 'The page where a person types the code of a device (RFC 8628 section 3.3)',
      parameters: inQuery(['user_code']),
      responses: BEGUN,
    },
    post: {
      operationId: 'submitDeviceCode',
      tags,
      summary: 'The form of that page',
      description: 'The page sends it; apps do not call it.',
      requestBody: {
        required: true,
        content: { [FORM]: { schema: formOf(['user_code']), example: exampleOf('user_code') } },
      },
      responses: BEGUN,
    },
  },
  [`${ROUTES.code_verification}/:uid`]: {
    get: {
      operationId: 'resumeDevice',
      tags,
      summary: 'Go on after the pages of a device’s sign-in',
      description: 'The pages lead here by themselves, with a cookie; apps do not call it.',
      parameters: [uid('of the sign-in')],
      responses: BEGUN,
    },
  },
  [ROUTES.backchannel_authentication]: {
    post: {
      operationId: 'authenticateByBackchannel',
      tags,
      summary: 'Ask a person who is not at this device (CIBA Core section 7)',
      description: `The person decides on a page of their account. ${CLIENT_AUTHENTICATION}`,
      security: CLIENT_SECURITY,
      requestBody: {
        required: true,
        content: {
          [FORM]: {
            schema: formOf(BACKCHANNEL),
            example: exampleOf('client_id', 'client_secret', 'scope', 'login_hint'),
          },
        },
      },
      responses: {
        '200': json('The person is asked.', schemaRef('BackchannelAuthentication'), {
          auth_req_id: '1c266114-a1be-4252-8ad1',
          expires_in: 300,
        }),
        ...CLIENT_ERRORS,
      },
    },
  },
};

function uid(what: string) {
  return {
    name: 'uid',
    in: 'path',
    required: true,
    description: `The id ${what}.`,
    schema: { type: 'string' },
    example: '3fK6kVJr0vQ2bV2c9rXgn',
  } as const;
}
