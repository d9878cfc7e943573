import { onEvent } from '../../components/services/images/functions/api';

interface Note {
  readonly body: string;
  readonly project_id: string;
}

/** Whoever is named in a new note (`@ann`) gets a job in the queue `mentions`. */
export default onEvent<Note>(
  { table: 'app.notes', operations: ['insert'] },
  async (event, { queue, log }) => {
    const names = [...(event.new?.body ?? '').matchAll(/@([a-z0-9]+)/g)].map(([, name]) => name);
    for (const name of new Set(names)) await queue('mentions').add({ name, note: event.key.id });
    log.info('note written', { mentions: names.length });
  },
);
