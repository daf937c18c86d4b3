import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { problemOfProof } from '../../server/audit/proofs.ts';
import { runCli } from '../cli/run_cli.ts';
import { runPython } from '../helpers/python.ts';
import { defer, type Scope } from '../helpers/scope.ts';

/** All who check a proof agree about it: the code, the second implementation, and for the first one the command. */
export function proofVerdicts(scope: Scope) {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-proof-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true }));
  let files = 0;
  return {
    /** @param proofs by what they are about */
    async assert(right: boolean, proofs: Readonly<Record<string, unknown>>, keyId: string): Promise<void> {
      const names = Object.values(proofs).map((proof) => {
        files += 1;
        const name = join(folder, `${files}.json`);
        writeFileSync(name, JSON.stringify(proof));
        return name;
      });
      const python = await runPython('tests/audit/verify_proof.py', keyId, ...names);
      for (const [i, [about, proof]] of Object.entries(proofs).entries()) {
        assert.equal(problemOfProof(structuredClone(proof), keyId) === undefined, right, about);
        assert.equal(python[i] === 'right', right, `${about}, in Python: ${python[i]}`);
      }
      const ran = await runCli(['audit', 'check-proof', names[0] ?? '', '--key-id', keyId], { env: {} });
      assert.equal(ran.code, right ? 0 : 1, ran.stderr);
    },
  };
}
