/**
 * A mail as its addressee reads it: what HTML readers show, in a frame that may do nothing, and beside
 * it the text for all others.
 */
export function mailBody(mail, element) {
  const text = element('pre', {}, mail.text ?? '');
  if (mail.html === null) return [text];
  const frame = element('iframe', {
    src: `/_local/mailbox/${encodeURIComponent(mail.id)}/html`,
    sandbox: 'allow-popups allow-popups-to-escape-sandbox',
    loading: 'lazy',
    title: `HTML of: ${mail.subject}`,
  });
  return [element('div', { class: 'mail' }, frame, text)];
}
