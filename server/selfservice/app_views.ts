import type { ClientView, ResourceView } from '../views/views.ts';
import type { PageContext } from './page.ts';

/** An app in a list, with what it may do at resource servers. */
export interface ListedApp {
  readonly client: ClientView;
  readonly isFirstParty: boolean;
  readonly resources: readonly ResourceView[];
}

/**
 * @param resources scopes by RFC 8707 resource indicator
 * @returns undefined for an app that was deleted, and for Cardea's own pages
 */
export async function viewOfApp(
  { parts }: PageContext,
  clientId: string,
  resources: Readonly<Record<string, readonly string[]>>,
): Promise<ListedApp | undefined> {
  const app = await parts.findApp(clientId);
  if (!app || app.builtin) return undefined;
  const { name, uri, device, logoUri, firstParty: isFirstParty } = app;
  return {
    client: { name, ...(uri ? { uri } : {}), ...(device ? { device } : {}), ...(logoUri ? { logoUri } : {}) },
    isFirstParty,
    resources: await Promise.all(
      Object.entries(resources).map(async ([identifier, scopes]) => ({
        identifier,
        name: await parts.resourceServerName(identifier),
        scopes,
      })),
    ),
  };
}
