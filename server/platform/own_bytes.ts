/**
 * A copy of bytes with memory of its own, for values that are stored long. Small buffers are slices of larger ones
 * (Node's pool, or the bytes read from a socket), which stay in memory as long as one of the slices does.
 */
export function ownBytes(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.byteLength);
  copy.set(bytes);
  return copy;
}
