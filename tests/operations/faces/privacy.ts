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
  { operation: privacy.report, cli: ['privacy', 'report'], method: 'GET', path: '/privacy/report' },
];
