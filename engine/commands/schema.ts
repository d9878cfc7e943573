import { Command } from 'commander';
import { settingsJsonSchema } from '../../components/settings/json-schema';
import { terminal } from '../terminal';

/** `schema`: the JSON Schema that gives editors completion for the stack files. */
export function schemaCommand(): Command {
  const summary = 'print the JSON Schema of the settings (Pulumi.<stack>.yaml)';
  return new Command('schema')
    .summary(summary)
    .description(summary)
    .action(() => {
      terminal(true).result(JSON.stringify(settingsJsonSchema(), null, 2));
    });
}
