import { claimEnis, deleteEni, listEnis } from '../../shared/detections/contract/enis.ts';
import type { App } from '../app/app.ts';
import type { AnswerOf } from '../app/http.ts';
import { mayCall } from '../app/roles.ts';
import { action, confirm, problemPlace } from '../components/components.ts';
import { fill, h } from '../components/dom.ts';
import { count } from '../components/format.ts';
import { form } from '../components/forms.ts';
import { type Part, part } from '../components/loading.ts';

/** The network interfaces that only this company's sensors may report for. */
export function interfacesPanel(app: App): Pick<Part, 'element' | 'dispose'> {
  const claimed = h('p', { class: 'muted', role: 'status' });
  const list = part((signal) => app.api.call(listEnis, { signal }), showList);
  const maker = form({
    fields: [
      {
        name: 'eni_ids',
        label: 'Network interface ids',
        kind: 'text',
        autocomplete: 'off',
        hint: 'Such as eni-0a1b2c3d4e5f67890; several with spaces between them, up to 40.',
      },
    ],
    submit: 'Claim',
    fieldOfCode: { eni_claimed: 'eni_ids' },
    async onSubmit({ eni_ids = '' }) {
      const { inserted, skipped } = await app.api.call(claimEnis, {
        body: { eni_ids: eni_ids.split(/[\s,;]+/).filter((id) => id !== '') },
      });
      maker.reset();
      fill(
        claimed,
        `${count(inserted, 'network interface')} claimed`,
        skipped > 0 && `, ${skipped} skipped that you have already`,
        '.',
      );
      await list.load();
    },
  });

  function showList({ eni_ids: ids, vni }: AnswerOf<typeof listEnis>) {
    return [
      h(
        'p',
        { class: 'muted' },
        ids.length === 0
          ? 'None is claimed. Anybody’s sensors may name an interface that nobody has claimed.'
          : 'Only your sensors can report for these.',
        vni !== null && ` The VNI of your company is ${vni}.`,
      ),
      ids.length > 0 && h('ul', { class: 'plain enis' }, ids.map(row)),
    ];
  }

  function row(id: string): HTMLElement {
    const problem = problemPlace();
    const release = action(
      'Release',
      async () => {
        const isSure = await confirm(
          `Release ${id}?`,
          'Any company may claim it then. Detections that name it stay.',
          'Release',
        );
        if (!isSure) return;
        await app.api.call(deleteEni, { path: { eni_id: id } });
        app.announce(`${id} is released.`);
        await list.load();
        title.focus();
      },
      { problem, class: 'small', 'aria-label': `Release ${id}` },
    );
    return h('li', {}, h('code', {}, id), mayCall(app, deleteEni) && release, problem);
  }

  const title = h('h2', { tabindex: -1 }, 'Network interfaces');
  void list.load();
  return {
    element: h(
      'section',
      { class: 'panel interfaces' },
      title,
      h(
        'div',
        { class: 'halves' },
        list.element,
        mayCall(app, claimEnis) && h('div', {}, maker, claimed),
      ),
    ),
    dispose: list.dispose,
  };
}
