/** Whether text is base64url exactly as an encoder writes it: no padding, no spare bits, no other characters. */
export function isCanonicalBase64url(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text;
}
