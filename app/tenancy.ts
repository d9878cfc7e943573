import { declareTenancy } from '../components/tenancy/declaration';

/**
 * The tables that belong to tenants, and who may do what with a tenant's rows.
 *
 * Nobody reaches a table of the schema `app` that is not listed here. Words: `member` any member of the tenant, `admin`
 * its admins, `owner` whoever the owner column names and admins, `self` only in one's own name, `nobody`. Channels are for
 * messages over WebSocket within a tenant; there `self` is the one user whose id stands in place of the `*`.
 */
export default declareTenancy({
  tables: {
    'app.projects': {
      columns: ['name'],
      read: 'member',
      insert: 'admin',
      update: 'admin',
      delete: 'admin',
    },
    'app.notes': {
      owner: 'author_id',
      parents: { project_id: 'app.projects' },
      personal: { body: 'text' },
      read: 'member',
      insert: 'self',
      update: 'owner',
      delete: 'owner',
      realtime: true,
    },
  },
  channels: {
    'project:*': { listen: 'member', send: 'member' },
    'user:*': { listen: 'self', send: 'member' },
  },
});
