-- strata: as maintenance
-- A few rows for the example tenants acme and globex; nothing where these tenants or members do not exist.

insert into projects (tenant_id, name)
select t.id, example.name
from (values
  ('acme', 'Rocket skates'),
  ('acme', 'Giant magnet'),
  ('globex', 'Weather machine')
) as example (tenant, name)
join registry.tenants t on t.slug = example.tenant
on conflict (tenant_id, name) do nothing;

insert into notes (tenant_id, project_id, author_id, body)
select t.id, p.id, u.id, example.body
from (values
  ('acme', 'Rocket skates', 'ann', 'The left skate is faster than the right one.'),
  ('acme', 'Rocket skates', 'bob', 'Brakes arrive on Thursday.'),
  ('acme', 'Giant magnet', 'bob', 'Keep away from the delivery van.'),
  ('globex', 'Weather machine', 'gus', 'Rain on weekdays only.'),
  ('globex', 'Weather machine', 'hal', 'The snow switch is stuck.')
) as example (tenant, project, author, body)
join registry.tenants t on t.slug = example.tenant
join projects p on p.tenant_id = t.id and p.name = example.project
join registry.users u on u.handle = example.author
join registry.members m on m.tenant_id = t.id and m.user_id = u.id
where not exists (
  select from notes n where n.tenant_id = t.id and n.project_id = p.id and n.body = example.body
);
