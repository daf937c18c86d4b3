import type { Exchange } from '../exchange.ts';

/** Lets the provider look a JWT access token up by its content, as it looks up others by their hash. */
export function presentJwtAccessToken(params: Record<string, unknown>, { services }: Exchange): void {
  if (typeof params.token === 'string') params.token = services.jwtAccessTokens.present(params.token);
}
