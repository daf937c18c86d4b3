import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<unknown>;

/** The body of a handler's response to a GET request, without a connection. */
export function localGet(handler: Handler, url: string, headers: Record<string, string>): Promise<string> {
  const request = Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url, headers });
  const response = new ServerResponse(request);
  return new Promise((resolve, reject) => {
    response.end = (body: unknown) => {
      resolve(String(body));
      return response;
    };
    handler(request, response).catch(reject);
  });
}
