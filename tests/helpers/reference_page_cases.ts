import { statusView } from '../../server/monitoring/status.ts';
import type { OpenApi } from '../../server/platform/openapi.ts';
import { ERROR_CODES } from '../../server/platform/problems.ts';
import { modelOf } from '../../server/reference/model.ts';
import { problemRow } from '../../server/reference/problem_pages.ts';
import { proseOf } from '../../server/reference/prose.ts';
import { problemsView, problemView, referenceView, searchView } from '../../server/reference/views.ts';
import { EVIL, LONG, type PageCase, pageCase } from './page_case.ts';

const documents = [
  { name: 'admin', title: 'Admin API', href: '/api/docs?document=admin', file: '/api/v1/openapi.json', isOpen: true },
  { name: 'oauth', title: 'OAuth', href: '/api/docs?document=oauth', file: '/openapi.json', isOpen: false },
];

/** @param text in every place where a description has one */
function described(text: string): OpenApi {
  const name = text.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 300);
  const schema = {
    type: 'object',
    description: `${text}\n\n- ${text} \`${text}\`\n- ${text}`,
    properties: {
      id: { type: 'string', format: 'uuid', maxLength: 36, description: text },
      [name]: { type: 'array', items: { type: 'object', properties: { [name]: { type: 'string', enum: [text] } } } },
      thing: { $ref: '#/components/schemas/Thing' },
    },
    required: ['id'],
  };
  const content = { 'application/json': { schema, examples: { one: { summary: text, value: { [name]: text } } } } };
  const operation = {
    tags: [text],
    summary: text,
    description: text,
    deprecated: true,
    security: [{ bearer: ['cardea:users:read'] }, {}],
    parameters: [
      { name: 'id', in: 'path' as const, required: true, description: text, schema: { type: 'string' } },
      { name, in: 'query' as const, description: text, schema: { type: ['string', 'null'], default: text } },
    ],
    requestBody: { content },
    responses: {
      '200': { description: text, headers: { ETag: { description: text, schema: { type: 'string' } } }, content },
      '404': { $ref: '#/components/responses/Gone' },
    },
  };
  return {
    openapi: '3.1.1',
    info: { title: text, version: '1.0.0', description: text },
    servers: [{ url: 'https://id.example.com/api/v1' }],
    tags: [{ name: text, description: text }],
    paths: { '/things/{id}': { get: { ...operation, operationId: 'readThing' }, patch: operation } },
    components: {
      schemas: { Thing: { type: 'object', properties: { name: { type: 'string', description: text } } } },
      responses: { Gone: { description: text } },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: text } },
    },
  };
}

const reference = (name: string, text: string) =>
  pageCase(
    name,
    referenceView,
    { documents, model: modelOf(described(text)), proseOf },
    {
      ids: ['q', 'search', 'document-admin', 'file-admin', 'document-oauth', 'file-oauth', 'readThing', 'schema-Thing'],
    },
  );

const search = (name: string, query: string, found: number) =>
  pageCase(
    name,
    searchView,
    {
      query,
      documents: documents.map((one) => ({ ...one, isOpen: false })),
      found: Array.from({ length: found }, (_, i) => ({
        method: 'GET',
        path: `/${LONG}/${i}`,
        summary: query,
        href: '/api/docs?document=admin#one',
      })),
    },
    { ids: ['q', 'search', found > 0 ? 'found' : 'nothing'] },
  );

const status = (name: string, text: string, minutes: number, isWrong: boolean) =>
  pageCase(name, statusView, {
    sections: [{ id: 'here', title: text, rows: [{ name: text, value: text, isWrong }] }],
    charts: [{ title: text, bars: Array.from({ length: minutes }, (_, i) => i), most: text, last: text }],
    minutes,
  });

/** The reference of the API, the status of the server, and the pages of the error codes. */
export const REFERENCE_PAGE_CASES: readonly PageCase[] = [
  reference('reference', 'Things of a person'),
  reference('reference-hostile', EVIL),
  reference('reference-long', LONG),
  search('reference-search', 'things', 3),
  search('reference-search-nothing', EVIL, 0),
  status('status', 'Mails', 60, false),
  status('status-hostile', EVIL, 1, true),
  status('status-long', LONG, 0, true),
  pageCase('problem', problemView, problemRow('invalid_input'), { ids: ['remedy', 'all'] }),
  pageCase('problems', problemsView, { problems: ERROR_CODES.map(problemRow) }),
];
