/**
 * A copy of bytes for whoever keeps them long: in memory of its own. Small buffers are cut from larger ones (Node's pool,
 * or what a socket has read), all of which stays in memory for as long as one of the small ones does.
 */
export function ownBytes(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.byteLength);
  copy.set(bytes);
  return copy;
}
