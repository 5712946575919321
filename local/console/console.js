const $ = (id) => document.getElementById(id);

/** An element with text, attributes and children. Everything is text: nothing from the server is markup. */
function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function say(text, isError = false) {
  $('message').textContent = text;
  $('message').classList.toggle('error', isError);
}

async function call(method, path, body) {
  const response = await fetch(`/_local/${path}`, {
    method,
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.errors?.[0]?.detail ?? answer.detail);
  return answer;
}

/** Runs an action of the page and says what went wrong with it. */
function handle(action) {
  return async (event) => {
    event?.preventDefault();
    try {
      await action(event);
    } catch (error) {
      say(error.message, true);
    }
  };
}

const code = (text) => element('code', {}, text);
const empty = (text) => element('p', { class: 'empty' }, text);

function offerSetUp({ token, agreement_id: agreement, account_id: account }, isTrial) {
  const form = $('fulfilment');
  form.elements['x-amzn-marketplace-token'].value = token;
  form.elements['x-amzn-marketplace-offer-type'].disabled = !isTrial;
  $('subscribed-agreement').textContent = agreement;
  $('subscribed-account').textContent = account;
  $('subscribed').hidden = false;
  $('subscribed-title').focus();
}

async function buy() {
  const data = new FormData($('buy-form'));
  const isTrial = data.get('offer_type') !== null;
  const purchase = await call('POST', 'marketplace/purchases', {
    account_id: data.get('account_id'),
    ...(isTrial && { offer_type: 'free-trial' }),
  });
  offerSetUp(purchase, isTrial);
  say(`Account ${purchase.account_id} subscribed.`);
  await loaders.purchases();
}

async function setUpAgain(purchase) {
  const license = purchase.license_arn.split(':').at(-1);
  const { token } = await call('POST', `marketplace/purchases/${license}/tokens`);
  offerSetUp({ ...purchase, token }, purchase.offer_type !== null);
  $('fulfilment').requestSubmit();
}

function purchaseRow(purchase) {
  const button = element(
    'button',
    {
      type: 'button',
      class: 'quiet',
      'aria-label': `Set up your account, agreement ${purchase.agreement_id}`,
    },
    'Set up your account',
  );
  button.addEventListener(
    'click',
    handle(() => setUpAgain(purchase)),
  );
  const license = element(
    'code',
    { title: purchase.license_arn },
    `${purchase.license_arn.split(':').at(-1).slice(0, 12)}…`,
  );
  const bought = new Date(purchase.purchased_at).toLocaleString();
  const product = purchase.product_code + (purchase.offer_type ? ` (${purchase.offer_type})` : '');
  const cells = [
    bought,
    code(purchase.account_id),
    code(purchase.agreement_id),
    license,
    product,
    button,
  ];
  return element('tr', {}, ...cells.map((cell) => element('td', {}, cell)));
}

function mailEntry(mail) {
  const summary = element(
    'summary',
    {},
    `${mail.subject} · to ${mail.to.join(', ')} · ${new Date(mail.sent_at).toLocaleString()}`,
  );
  return element('details', {}, summary, element('pre', {}, mail.text ?? mail.html ?? ''));
}

function itemEntry(item) {
  const { pk, sk } = item;
  const summary = element(
    'summary',
    {},
    code(pk === undefined ? Object.values(item).slice(0, 2).join(' ') : `${pk}  ${sk ?? ''}`),
  );
  return element('details', {}, summary, element('pre', {}, JSON.stringify(item, null, 2)));
}

let nextItems = null;

async function showItems(after) {
  const parameters = new URLSearchParams();
  if ($('partition').value) parameters.set('partition', $('partition').value);
  if (after) parameters.set('after', after);
  const { items, next } = await call('GET', `tables/${$('table-name').value}/items?${parameters}`);
  const entries = items.map(itemEntry);
  if (after) $('items').append(...entries);
  else $('items').replaceChildren(...(entries.length ? entries : [empty('No items.')]));
  nextItems = next;
  $('more-items').hidden = next === null;
}

const loaders = {
  purchases: async () => {
    const purchases = await call('GET', 'marketplace/purchases');
    const none = element(
      'tr',
      {},
      element('td', { colspan: '6', class: 'empty' }, 'Nobody has bought the product yet.'),
    );
    $('purchase-rows').replaceChildren(
      ...(purchases.length ? purchases.reverse().map(purchaseRow) : [none]),
    );
  },
  mailbox: async () => {
    const mails = await call('GET', 'mailbox');
    $('mails').replaceChildren(
      ...(mails.length ? mails.reverse().map(mailEntry) : [empty('No mail yet.')]),
    );
  },
  tables: async () => {
    const tables = await call('GET', 'tables');
    $('table-name').replaceChildren(...tables.map(({ name }) => element('option', {}, name)));
    await showItems();
  },
  faults: async () => {
    const { error, times } = await call('GET', 'marketplace/faults');
    $('fault').value = error ?? '';
    $('fault-state').textContent = error
      ? `In force${times ? ` for ${times} more calls` : ' until changed'}.`
      : '';
  },
};

async function applyFault() {
  const times = $('fault-times').valueAsNumber;
  await call('PUT', 'marketplace/faults', {
    error: $('fault').value || null,
    times: Number.isNaN(times) ? null : times,
  });
  say('Applied.');
  await loaders.faults();
}

$('buy-form').addEventListener('submit', handle(buy));
$('fault-form').addEventListener('submit', handle(applyFault));
$('partition-form').addEventListener(
  'submit',
  handle(() => showItems()),
);
$('more-items').addEventListener(
  'click',
  handle(() => showItems(nextItems)),
);
for (const button of document.querySelectorAll('[data-reload]')) {
  button.addEventListener(
    'click',
    handle(() => loaders[button.dataset.reload]()),
  );
}
for (const load of Object.values(loaders)) handle(load)();
