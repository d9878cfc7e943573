-- strata: as maintenance
-- Example rows for the tenants of Pulumi.local.yaml; where these do not exist, nothing is inserted.
insert into app.projects (tenant_id, name)
select t.id, t.name || ' website'
from registry.tenants t
where t.slug in ('acme', 'globex')
on conflict do nothing;

insert into app.notes (tenant_id, project_id, author_id, body)
select t.id, p.id, u.id, u.handle || ' of ' || t.slug || ' was here'
from registry.tenants t
join app.projects p on p.tenant_id = t.id
join registry.members m on m.tenant_id = t.id
join registry.users u on u.id = m.user_id
where t.slug in ('acme', 'globex');
