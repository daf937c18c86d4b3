import { encode } from 'uqr';
import { escapeHtml, Html } from './html.ts';

/** ISO/IEC 18004 §5.3.8: scanners need four modules of nothing all around. */
const QUIET_ZONE = 4;

/**
 * A QR code as SVG, drawn with attributes alone: our Content-Security-Policy takes no inline style. Always dark on
 * light, whatever the page's colours: many scanners read nothing else.
 * @param title what it is, for those who do not see it
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
