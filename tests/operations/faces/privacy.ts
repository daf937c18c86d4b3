import { privacy } from '../../../server/operations/privacy.ts';
import type { FacesOf } from '../../helpers/faces.ts';

export const privacyFaces: FacesOf = async () => [
  { operation: privacy.report, cli: ['privacy', 'report'], method: 'GET', path: '/privacy/report' },
];
