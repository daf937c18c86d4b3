import pg from 'pg';

/** Each connection is made with the URL as it is then. */
export function connecting(urlNow: () => string, Client: typeof pg.Client): typeof pg.Client {
  return class extends Client {
    constructor(config: pg.ClientConfig) {
      super({ ...config, connectionString: urlNow() });
    }
  };
}

/** @param onStatement called with the text of each statement that is sent */
export function observed(onStatement: ((text: string) => void) | undefined): typeof pg.Client {
  if (!onStatement) return pg.Client;
  return class extends pg.Client {
    // biome-ignore lint/suspicious/noExplicitAny: the boundary to pg, whose query() has a dozen overloads
    override query(...args: any[]): any {
      const first = args[0];
      onStatement(typeof first === 'string' ? first : first.text);
      // biome-ignore lint/suspicious/noExplicitAny: as above
      return (super.query as any)(...args);
    }
  };
}
