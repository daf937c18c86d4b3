import { encode } from 'uqr';
import { escapeHtml, Html } from './html.ts';

/** ISO/IEC 18004 §5.3.8: scanners need an empty margin of four modules. */
const QUIET_ZONE = 4;

/**
 * A QR code as SVG, drawn with attributes only: the Content-Security-Policy allows no inline style. It is dark on light in
 * every colour scheme, because many scanners read nothing else.
 * @param title the text for screen readers
 */
export function qrCode(text: string, title: string): Html {
  const { data, size } = encode(text, { ecc: 'M', border: 0 });
  const side = size + 2 * QUIET_ZONE;
  const path = data
    .map((row, y) => row.map((dark, x) => (dark ? `M${x + QUIET_ZONE} ${y + QUIET_ZONE}h1v1h-1z` : '')).join(''))
    .join('');
  return new Html(
    `<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" role="img" shape-rendering="crispEdges" aria-label="${escapeHtml(title)}"><title>${escapeHtml(title)}</title><rect width="${side}" height="${side}" fill="#fff"/><path d="${path}" fill="#000"/></svg>`,
  );
}
