import type { EventWords } from '../app/feature.ts';
import { type FormOptions, form } from '../components/forms.ts';
import { chosenEvents } from './events.ts';
import type { Webhook } from './types.ts';

export interface WantedWebhook {
  readonly url: string;
  readonly events: string[];
  readonly description: string | undefined;
}

/** A form for a webhook's address, events and description, for a new one or one that exists. */
export function webhookForm(
  words: EventWords,
  {
    submit,
    webhook,
    onSubmit,
  }: Pick<FormOptions, 'submit'> & {
    webhook?: Webhook;
    onSubmit: (wanted: WantedWebhook) => Promise<void>;
  },
): HTMLFormElement {
  return form({
    fields: [
      {
        name: 'url',
        label: 'Address',
        kind: 'url',
        autocomplete: 'off',
        maxLength: 2048,
        hint: 'An https address of yours, on the public internet.',
        ...(webhook && { value: webhook.url }),
      },
      {
        name: 'events',
        label: 'Tell it of these events',
        kind: 'checks',
        choices: Object.entries(words).map(([type, meaning]) => [type, type, meaning] as const),
        ...(webhook && { value: webhook.events.join(' ') }),
      },
      {
        name: 'description',
        label: 'Description',
        kind: 'text',
        autocomplete: 'off',
        optional: true,
        maxLength: 200,
        hint: 'What it is for, such as “Warehouse”.',
        ...(webhook?.description && { value: webhook.description }),
      },
    ],
    submit,
    onSubmit: ({ url = '', events, description }) =>
      onSubmit({ url, events: chosenEvents(words, events), description }),
  });
}
