import { declareTenancy } from '../components/tenancy/declaration';

// Which tables belong to tenants, and who may do what with their rows. Change it and run `npm run preview`: it lists
// the policies that would change.
export default declareTenancy({
  tables: {
    'app.projects': { read: 'member', insert: 'admin', update: 'admin', delete: 'admin' },
    'app.notes': { owner: 'author_id', read: 'member', insert: 'owner', update: 'owner', delete: 'owner' },
  },
});
