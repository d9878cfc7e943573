/** Ends with 0 on the first good answer; with 1 when it got none in the given seconds, and says why once each. */
const script = `
  const [, url, seconds] = process.argv;
  const until = Date.now() + 1000 * seconds;
  const { hostname, port, protocol } = new URL(url);
  let said = '';
  const ask = (done) => {
    let asked = protocol === 'tcp:'
      ? require('net').connect(+port, hostname).on('connect', () => done())
      : require('http').get(url, ({ statusCode: is }) => done(is >= 200 && is < 300 ? undefined : 'it answers with status ' + is));
    asked.setTimeout(3000, () => done('no answer within 3 s')).on('error', (error) => done(error.code || error.message));
    return asked;
  };
  const next = () => {
    let over = false;
    const asked = ask((why) => {
      if (over) return;
      over = true;
      asked.destroy();
      if (!why) process.exit(0);
      if (why !== said) console.log(said = why);
      if (Date.now() >= until) process.exit(1);
      setTimeout(next, 250);
    });
  };
  next();
`;

/** What Node is told to ask a service over its network with: at once and again for `seconds` (0: once). */
export function probeArguments(url: string, seconds: number): string[] {
  return ['-e', script, url, String(seconds)];
}
