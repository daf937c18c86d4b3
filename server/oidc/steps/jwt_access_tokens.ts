import type { Exchange } from '../exchange.ts';

/** Lets the provider look a JWT access token up by its content, as it looks up others by their hash. */
export function presentJwtAccessToken(params: Record<string, unknown>, { services }: Exchange): void {
  if (typeof params.token === 'string') params.token = services.jwtAccessTokens.present(params.token);
}

/** The same for the access token of a request to /userinfo (RFC 6750 §2.1, §2.2; RFC 9449 §7.1). */
export function presentUserinfoToken(params: Record<string, unknown>, { ctx, services }: Exchange): void {
  const [, inHeader] = ctx.get('authorization').split(' ');
  const value = inHeader ?? params.access_token;
  if (typeof value === 'string') services.jwtAccessTokens.present(value, 'userinfo');
}
