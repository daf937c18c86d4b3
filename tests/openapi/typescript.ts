// openapi-typescript prints by the API of TypeScript, which version 7 does not have; this package brings an older one.
export { ts as default } from '@ts-morph/common';
