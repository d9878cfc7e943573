import { z } from 'zod';
import { settingsSchema } from './schema';

/**
 * The JSON Schema of a stack's file (Pulumi.<stack>.yaml): completion and checking in editors. It comes from the same
 * source as the check of a deployment, which knows more (what is built, what contradicts).
 */
export function settingsJsonSchema(): Record<string, unknown> {
  const { properties = {} } = z.toJSONSchema(settingsSchema, { io: 'input', target: 'draft-7' });
  const config: Record<string, unknown> = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [`strata:${name}`, schema]),
  );
  // In the file a secret stands as Pulumi encrypted it, never as its text.
  config['strata:secrets'] = {
    description: (properties.secrets as { description?: string } | undefined)?.description,
    type: 'object',
    additionalProperties: {
      type: 'object',
      properties: { secure: { type: 'string' } },
      required: ['secure'],
      additionalProperties: false,
    },
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Settings of a Strata stack (Pulumi.<stack>.yaml)',
    type: 'object',
    properties: {
      config: {
        type: 'object',
        properties: config,
        // Other namespaces (aws:region) belong to their providers.
        patternProperties: { '^(?!strata:)': {} },
        additionalProperties: false,
      },
    },
  };
}
