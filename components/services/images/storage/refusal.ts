import { Refusal } from '../shared/refusal';

export function notFound(): Refusal {
  return new Refusal(404, 'file_not_found', 'there is no such file, or it is not shown to you');
}
