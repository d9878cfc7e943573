/**
 * Ends with 0 once each has given a good answer, and with 1 when one had none in the given seconds. Says of each why not,
 * once each reason, or that it answers.
 */
const script = `
  const [, seconds, ...urls] = process.argv;
  const until = Date.now() + 1000 * seconds;
  const ask = (url, done) => {
    const { hostname, port, protocol } = new URL(url);
    let asked = protocol === 'tcp:'
      ? require('net').connect(+port, hostname).on('connect', () => done())
      : require('http').get(url, ({ statusCode: is }) => done(is >= 200 && is < 300 ? undefined : 'it answers with status ' + is));
    asked.on('error', (error) => done(error.code || error.message));
    return asked;
  };
  const answer = (url) => new Promise((resolve) => {
    let said = '';
    const next = () => {
      let over = false;
      const asked = ask(url, (why) => {
        if (over) return;
        over = true;
        clearTimeout(late);
        asked.destroy();
        if (!why) return resolve(!console.log(url + ': answers'));
        if (why !== said) console.log(url + ': ' + (said = why));
        if (Date.now() >= until) return resolve(false);
        setTimeout(next, 250);
      });
      const late = setTimeout(() => asked.destroy(new Error('no answer within 3 s')), 3000);
    };
    next();
  });
  Promise.all(urls.map(answer)).then((all) => process.exit(all.every(Boolean) ? 0 : 1));
`;

/** What Node is told to ask services over their network with: at once and again for `seconds` (0: once). */
export function probeArguments(urls: readonly string[], seconds: number): string[] {
  return ['-e', script, String(seconds), ...urls];
}
