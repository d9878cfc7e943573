import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql, whyNoEngine, type Outputs } from '../support/engine';
import { follow, type Followed } from '../support/follow';
import { token } from '../support/forge';
import { processesAbout } from '../support/processes';
import { Workspace } from '../support/workspace';
import { freePort } from '../support/ports';

const reason = await whyNoEngine();

const hello = (
  word: string,
) => `import { http } from '../../components/services/images/functions/api';
export default http(async (_request, { db }) =>
  Response.json({ word: '${word}', projects: await db.query('select name from app.projects order by name') }));`;

describe.skipIf(reason)('npm run functions, beside an embedded stack', () => {
  let workspace: Workspace;
  let outputs: Outputs;
  let port: number;
  let development: Followed;

  beforeAll(async () => {
    workspace = await Workspace.create();
    port = await freePort();
    await workspace.succeed('up');
    outputs = await workspace.outputs<Outputs>();
    workspace.write('app/functions/hello.ts', hello('first'));
    development = follow(workspace.start('functions', '--port', String(port)));
    await next(/^running: .*hello \(\/functions\/hello\)/, 0);
    await next(/"hello".*"message":"ready"/, 0);
  });

  afterAll(() => workspace.dispose());

  /** Resolves with the first line that matches after those of `since`. */
  function next(pattern: RegExp, since: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const past = development.lines.slice(since).find((line) => pattern.test(line));
      if (past !== undefined) resolve(past);
      development.onLine((line) => {
        if (pattern.test(line)) resolve(line);
      });
      void development.ended.then(({ text }) => {
        reject(new Error(text));
      });
    });
  }

  async function call(): Promise<unknown> {
    const [ann] = await sql<{ user_id: string; tenant_id: string }>(
      outputs,
      `select m.user_id, m.tenant_id from registry.members m
       join registry.users u on u.id = m.user_id where u.handle = 'ann'`,
    );
    const subject = {
      userId: ann?.user_id ?? '',
      tenantId: ann?.tenant_id ?? '',
      role: 'tenant_admin',
    } as const;
    const response = await fetch(`http://127.0.0.1:${port}/functions/hello`, {
      headers: { authorization: `Bearer ${token(outputs.jwt, subject)}` },
    });
    return response.json();
  }

  test('a function answers from the database of the stack, as its caller', async () => {
    expect(await call()).toEqual({
      word: 'first',
      projects: [{ name: 'Giant magnet' }, { name: 'Rocket skates' }],
    });
  });

  test('what needs Redis is left out and said, and the rest runs', async () => {
    expect(development.lines.join('\n')).toContain('left out without --redis: mention');
    await next(/"daily-count","note-written".*"message":"ready"/, 0);
  });

  test('an edit is what answers next, without a deployment', async () => {
    const since = development.lines.length;
    workspace.write('app/functions/hello.ts', hello('second'));
    await next(/"hello".*"message":"ready"/, since);
    expect(await call()).toMatchObject({ word: 'second' });
  });

  test('a mistake is told with its file, and what ran before goes on', async () => {
    const since = development.lines.length;
    workspace.write('app/functions/hello.ts', 'export default (');
    await next(/what ran before goes on/, since);
    expect(development.lines.slice(since).join('\n')).toContain('functions/hello.ts');
    expect(await call()).toMatchObject({ word: 'second' });
  });

  test('no secret is printed', () => {
    const { jwt, databases } = outputs;
    const passwords = Object.values(databases).map((url) => new URL(url).password);
    const text = development.lines.join('\n');
    expect([jwt.key, ...passwords].filter((secret) => text.includes(secret))).toEqual([]);
  });

  test('it ends with what it started when it is told to', async () => {
    process.kill(development.pid, 'SIGTERM');
    expect(await development.ended).toMatchObject({ code: 0 });
    const left = processesAbout(workspace.folder).filter(({ command }) =>
      command.includes('strata-functions-'),
    );
    expect(left).toEqual([]);
  });

  test('a stack that is not deployed, a port that is none and a folder that is not there are refused', async () => {
    const refused = async (...args: string[]) => {
      const { code, stderr } = await workspace.run('functions', ...args);
      return { code, stderr };
    };
    expect(await refused('--port', 'x')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('a whole number from 1 to 65535') as string,
    });
    expect(await refused('--app', './none')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('none/functions is not there') as string,
    });
    expect(await refused('--stack', 'dev')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Stack "dev" is not deployed') as string,
    });
  });
});
