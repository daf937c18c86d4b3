import { createMcpServer } from './server.ts';

const port = Number(process.env.PORT ?? 4000);
const resource = process.env.RESOURCE ?? `http://localhost:${port}/mcp`;
const issuer = process.env.ISSUER ?? 'http://localhost:3000';

createMcpServer({ resource, issuer }).listen(port, '127.0.0.1', () => {
  console.log(`an MCP server at ${resource}, whose tokens come from ${issuer}`);
});
