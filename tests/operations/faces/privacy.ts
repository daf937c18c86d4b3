import { backups } from '../../../server/operations/backups.ts';
import { consentTexts } from '../../../server/operations/consent_texts.ts';
import { privacy } from '../../../server/operations/privacy.ts';
import type { FacesOf } from '../../helpers/faces.ts';

export const privacyFaces: FacesOf = async () => [
  {
    operation: consentTexts.publish,
    cli: [
      ...['privacy', 'publish-text', '--kind', 'terms', '--text-version', '1', '--language', 'en'],
      ...['--title', 'Terms', '--url', 'https://example.com/terms'],
    ],
    method: 'POST',
    path: '/privacy/texts',
    body: { kind: 'terms', version: '1', language: 'en', title: 'Terms', url: 'https://example.com/terms' },
  },
  { operation: consentTexts.list, cli: ['privacy', 'texts'], method: 'GET', path: '/privacy/texts' },
  {
    operation: consentTexts.withdraw,
    cli: ['privacy', 'withdraw-text', '--kind', 'terms', '--text-version', '1'],
    method: 'POST',
    path: '/privacy/texts/terms/1/withdraw',
  },
  {
    operation: consentTexts.withdraw,
    about: 'that was withdrawn already',
    cli: ['privacy', 'withdraw-text', '--kind', 'terms', '--text-version', '1'],
    method: 'POST',
    path: '/privacy/texts/terms/1/withdraw',
    refused: 'conflict',
  },
  {
    operation: consentTexts.withdraw,
    about: 'that does not exist',
    cli: ['privacy', 'withdraw-text', '--kind', 'terms', '--text-version', '2'],
    method: 'POST',
    path: '/privacy/texts/terms/2/withdraw',
    refused: 'not_found',
  },
  {
    operation: consentTexts.publish,
    about: 'of a withdrawn version, in another language',
    cli: [
      ...['privacy', 'publish-text', '--kind', 'terms', '--text-version', '1', '--language', 'de'],
      ...['--title', 'Bedingungen', '--url', 'https://example.com/de/terms'],
    ],
    method: 'POST',
    path: '/privacy/texts',
    body: { kind: 'terms', version: '1', language: 'de', title: 'Bedingungen', url: 'https://example.com/de/terms' },
    refused: 'conflict',
  },
  { operation: backups.status, cli: ['backup', 'status'], method: 'GET', path: '/backups/status' },
  { operation: privacy.report, cli: ['privacy', 'report'], method: 'GET', path: '/privacy/report' },
];
