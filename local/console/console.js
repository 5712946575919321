import { mailBody } from './mailbox.js';

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
  if (response.ok) return answer;
  const reason = answer.errors?.[0]?.detail ?? answer.detail;
  throw Object.assign(new Error(reason), { status: response.status });
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
const when = (iso) => new Date(iso).toLocaleString();
const licenseOf = ({ license_arn: arn }) => arn.split(':').at(-1);
const licenseCode = (one) =>
  element('code', { title: one.license_arn }, `${licenseOf(one).slice(0, 12)}…`);

function button(text, label, action) {
  const node = element('button', { type: 'button', class: 'quiet', 'aria-label': label }, text);
  node.addEventListener('click', handle(action));
  return node;
}

const row = (...cells) =>
  element('tr', {}, ...cells.map((cell) => element('td', {}, ...[cell].flat())));

/** What the page shows at most of a list that may be long: the newest. */
const maxRows = 100;

function showRows(id, items, toRow, none) {
  const columns = $(id).closest('table').querySelectorAll('th').length;
  const nothing = element(
    'tr',
    {},
    element('td', { colspan: String(columns), class: 'empty' }, none),
  );
  $(id).replaceChildren(...(items.length ? items.slice(0, maxRows).map(toRow) : [nothing]));
}

function offerSetUp({ token, agreement_id: agreement, account_id: account }, isTrial) {
  const form = $('fulfilment');
  form.elements['x-amzn-marketplace-token'].value = token;
  form.elements['x-amzn-marketplace-offer-type'].disabled = !isTrial;
  $('subscribed-agreement').textContent = agreement;
  $('subscribed-account').textContent = account;
  $('subscribed').hidden = false;
  $('subscribed-title').focus();
}

function worthOf(text) {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  return ['true', 'false'].includes(text) ? text === 'true' : text;
}

/** `seats=3, support` as the dimensions of a request; undefined for none. */
function readDimensions(text) {
  const parts = text.split(',').map((part) => part.trim());
  const pairs = parts.filter(Boolean).map((part) => {
    const [key, value = '1'] = part.split('=').map((side) => side.trim());
    return [key, worthOf(value)];
  });
  return pairs.length ? Object.fromEntries(pairs) : undefined;
}

async function buy() {
  const data = new FormData($('buy-form'));
  const isTrial = data.get('offer_type') !== null;
  const dimensions = readDimensions(data.get('dimensions'));
  const chosen = ['product_code', 'pricing', 'identity'].filter((name) => data.get(name));
  const purchase = await call('POST', 'marketplace/purchases', {
    account_id: data.get('account_id'),
    ...Object.fromEntries(chosen.map((name) => [name, data.get(name)])),
    ...(dimensions && { dimensions }),
    ...(isTrial && { offer_type: 'free-trial' }),
    private_offer: data.get('private_offer') !== null,
    channel_partner: data.get('channel_partner') !== null,
  });
  offerSetUp(purchase, isTrial);
  say(`Account ${purchase.account_id} subscribed.`);
  await load('purchases', 'events');
}

async function setUpAgain(agreement) {
  const { token } = await call('POST', `marketplace/purchases/${licenseOf(agreement)}/tokens`);
  offerSetUp({ ...agreement, token }, agreement.offer_type !== null);
  if (!$('fulfilment').hidden) $('fulfilment').requestSubmit();
}

const changes = ['amend', 'renew', 'replace'];

/** Tells an agreement to do something, with what the form above the list says of changes. */
async function act({ agreement_id: id }, action) {
  const isChange = changes.includes(action);
  const dimensions = readDimensions($('change-dimensions').value);
  const end = $('change-end').value;
  await call('POST', `marketplace/agreements/${id}/${action}`, {
    ...(isChange && dimensions && { dimensions }),
    ...(isChange && end && { ends_at: new Date(end).toISOString() }),
  });
  say(`Agreement ${id}: ${action}.`);
  await load('purchases', 'events');
}

function agreementRow(agreement) {
  const { agreement_id: id, status, ends_at: end, dimensions } = agreement;
  const actions = status === 'ACTIVE' ? [...changes, 'cancel', 'expire'] : [];
  const bought = Object.entries(dimensions).map(([key, value]) => `${key}=${value}`);
  const product = [agreement.product_code, agreement.pricing, agreement.offer_type, ...bought];
  return row(
    when(agreement.purchased_at),
    code(agreement.account_id),
    code(id),
    licenseCode(agreement),
    product.filter(Boolean).join(' · '),
    status === 'ACTIVE' && end ? `ACTIVE until ${when(end)}` : status,
    [
      button('Set up your account', `Set up your account, agreement ${id}`, () =>
        setUpAgain(agreement),
      ),
      ...actions.map((action) =>
        button(action, `${action}, agreement ${id}`, () => act(agreement, action)),
      ),
    ],
  );
}

function eventRow(event) {
  const { id, subject, status, sent_at: sent } = event;
  const content = JSON.stringify(event.event ?? event.message, null, 2);
  return row(
    when(event.due_at),
    element('details', {}, element('summary', {}, subject), element('pre', {}, content)),
    code(event.agreement_id ?? ''),
    sent.length > 1 ? `${status}, ${sent.length} times` : status,
    button('Send again', `Send again, ${subject}, ${id}`, async () => {
      await call('POST', `marketplace/events/${id}/replay`);
      await loaders.events();
    }),
  );
}

const recordRow = (record) =>
  row(
    when(record.timestamp),
    code(record.account_id),
    licenseCode(record),
    code(record.dimension),
    String(record.quantity),
    record.is_repeat ? `${record.status}, again` : record.status,
  );

function scheduleRow({ name, every_seconds: every, next_at: next, last_run: last }) {
  const latest = last ? [when(last.started_at), last.error].filter(Boolean).join(': ') : 'not yet';
  return row(
    code(name),
    every % 3600 ? `${every / 60} min` : `${every / 3600} h`,
    when(next),
    latest,
    button('Run', `Run ${name}`, async () => {
      await call('POST', `schedules/${encodeURIComponent(name)}/run`);
      say(`${name} ran.`);
      await loaders.schedules();
    }),
  );
}

async function advance(seconds) {
  say('The clock advances, and all that comes due runs…');
  const buttons = document.querySelectorAll('[data-advance]');
  for (const each of buttons) each.disabled = true;
  try {
    const { now } = await call('POST', 'clock', { advance_seconds: seconds });
    say(`It is ${when(now)}.`);
  } finally {
    for (const each of buttons) each.disabled = false;
  }
  await load('clock', 'schedules', 'purchases', 'events', 'metering');
}

function mailEntry(mail) {
  const summary = element(
    'summary',
    {},
    `${mail.subject} · to ${mail.to.join(', ')} · ${when(mail.sent_at)}`,
  );
  return element('details', {}, summary, ...mailBody(mail, element));
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
  buy: async () => {
    const { fulfilment_url: url, products } = await call('GET', 'marketplace/listing');
    $('fulfilment').setAttribute('action', url ?? '');
    $('fulfilment').hidden = url === null;
    $('products').replaceChildren(
      ...products.map((product) => element('option', { value: product.code }, product.pricing)),
    );
  },
  purchases: async () => {
    const agreements = await call('GET', 'marketplace/agreements');
    showRows(
      'purchase-rows',
      agreements.reverse(),
      agreementRow,
      'Nobody has bought the product yet.',
    );
  },
  events: async () => {
    const events = await call('GET', 'marketplace/events');
    showRows('event-rows', events.reverse(), eventRow, 'Nothing has been told yet.');
  },
  metering: async () => {
    const records = await call('GET', 'marketplace/metering');
    showRows('metering-rows', records.reverse(), recordRow, 'Nothing has been metered yet.');
  },
  clock: async () => {
    const { now, ahead_seconds: ahead } = await call('GET', 'clock');
    $('now').textContent = when(now);
    $('now').setAttribute('datetime', now);
    $('ahead').textContent = ahead > 0 ? `${(ahead / 3600).toFixed(1)} hours ahead.` : '';
  },
  schedules: async () => {
    const schedules = await call('GET', 'schedules');
    showRows('schedule-rows', schedules, scheduleRow, 'There is no schedule.');
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
    const { events, apis } = await call('GET', 'faults');
    const inForce = Object.entries({ ...apis, ...(events && { events }) });
    const words = inForce.map(([name, fault]) => `${name} ${JSON.stringify(fault)}`);
    $('fault-state').textContent = words.length ? `In force: ${words.join('; ')}` : '';
  },
};

/** Sections that this machine has nothing for. */
const missing = new Set();
const load = (...names) =>
  Promise.all(names.filter((name) => !missing.has(name)).map((name) => loaders[name]()));

async function loadFirst(name) {
  try {
    await loaders[name]();
  } catch (error) {
    if (error.status !== 404) throw error;
    missing.add(name);
    $(name).hidden = true;
    for (const link of document.querySelectorAll(`nav a[href="#${name}"], [data-with="${name}"]`))
      link.remove();
  }
}

function countOf(id) {
  const count = $(id).valueAsNumber;
  return Number.isNaN(count) ? null : count;
}

async function applyFault() {
  const api = $('fault-api').value;
  const unprocessed = countOf('fault-unprocessed');
  const fault = {
    error: $('fault').value || null,
    times: countOf('fault-times'),
    ...(api === 'BatchMeterUsage' && unprocessed !== null && { unprocessed }),
  };
  await call('POST', 'faults', { apis: { [api]: fault } });
  say('Applied.');
  await loaders.faults();
}

async function applyEventFault() {
  const { duplicate, reorder, drop } = $('event-fault-form').elements;
  const delay = countOf('event-delay') ?? 0;
  const fault = {
    duplicate: duplicate.checked,
    reorder: reorder.checked,
    drop: drop.checked,
    delay_seconds: delay,
    times: countOf('event-times'),
  };
  const isAny = fault.duplicate || fault.reorder || fault.drop || delay > 0;
  await call('POST', 'faults', { events: isAny ? fault : null });
  say('Applied.');
  await loaders.faults();
}

$('buy-form').addEventListener('submit', handle(buy));
$('fault-form').addEventListener('submit', handle(applyFault));
$('event-fault-form').addEventListener('submit', handle(applyEventFault));
$('change-form').addEventListener('submit', (event) => event.preventDefault());
$('partition-form').addEventListener(
  'submit',
  handle(() => showItems()),
);
$('more-items').addEventListener(
  'click',
  handle(() => showItems(nextItems)),
);
for (const each of document.querySelectorAll('[data-advance]')) {
  each.addEventListener(
    'click',
    handle(() => advance(Number(each.dataset.advance))),
  );
}
for (const each of document.querySelectorAll('[data-reload]')) {
  each.addEventListener(
    'click',
    handle(() => loaders[each.dataset.reload]()),
  );
}
for (const name of Object.keys(loaders)) handle(() => loadFirst(name))();
